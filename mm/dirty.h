/* SPDX-License-Identifier: MIT */
/* Between mm/dirty.c, mm/writeback.c and mm/flusher.c: the mappings with dirty pages, and how much is dirty. */
#ifndef MM_DIRTY_H
#define MM_DIRTY_H

#include "mm/backing.h"

extern struct list flushers; /* struct flusher.link; written at boot */

/* The mapping that has been on its list for longest, referenced, and moved to its end. NULL: none. */
struct mapping *dirty_list_next(struct flusher *f);
unsigned dirty_list_length(struct flusher *f);

/* Those that are on any list now are to be visited; one that is, referenced, and is not any more. NULL: no more. One visitor at a time. */
void dirty_list_mark(void);
struct mapping *dirty_list_marked(void);

/* Takes the mapping off its list if nothing in it is dirty. The caller has a reference of its own. */
void dirty_list_leave(struct mapping *m);

int64_t dirty_pages(void); /* dirty or under write-back */
void dirty_written(void);  /* one page's write-back is over. Any context */

/* mm/flusher.c, any context: a mapping of its device has dirty pages; a page has been written. */
void flusher_notice(struct flusher *f);
void flusher_progress(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Files: inodes, names, open files. A file system provides inode_ops and, through the inode's mapping, mm's backing_ops.
 *
 * Locks: a directory's `names` guards what it contains: shared to look, exclusive to change. An inode's `lock` (LOCK_INODE) guards its size,
 * blocks and attributes against each other's change; it comes after `names`. Nobody holds either while touching user memory.
 * References: whoever holds a struct inode * across a sleep holds a reference. Inodes and files are freed by RCU.
 *
 * How names change (fs/namespace.c): the VFS locks the directories, checks everything that can be checked without knowing the disk, calls one
 * operation, which changes entries and nothing else, and then does what is the same everywhere: link counts, mtime and ctime of the
 * directories, ctime of the inode, the name cache.
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include "lib/errno.h"
#include "mm/backing.h"
#include "mm/pagecache.h"

#define NAME_MAX 255
#define PATH_MAX 4096
#define LINKS_MAX 40 /* symbolic links followed in one look-up: Linux's limit */

enum file_type {
	S_IFMT = 0170000, S_IFSOCK = 0140000, S_IFLNK = 0120000, S_IFREG = 0100000,
	S_IFBLK = 0060000, S_IFDIR = 0040000, S_IFCHR = 0020000, S_IFIFO = 0010000,
};

enum mode_bits { S_ISUID = 04000, S_ISGID = 02000, S_ISVTX = 01000 };

enum open_flags {
	VFS_READ = 1,
	VFS_WRITE = 2,
	VFS_APPEND = 4,
	VFS_CREATE = 8,
	VFS_EXCL = 16,
	VFS_TRUNC = 32,
	VFS_DIRECTORY = 64, /* -ENOTDIR if it is not one */
	VFS_NOFOLLOW = 128, /* -ELOOP if the last name is a symbolic link */
	VFS_NONBLOCK = 256,
	VFS_PATH = 512,	    /* a handle only: no reading, no writing */
	VFS_DIRECT = 1 << 14, /* reads and writes go past the cache, where the file system can */
	VFS_RUNS = 1 << 15, /* only file_deny_write sets it */
	VFS_SYNC = 1024,    /* a write returns when it is on the disk; DSYNC: what is needed to read it */
	VFS_DSYNC = 2048,
	VFS_NOATIME = 4096,
	VFS_TMPFILE = 8192, /* the path is a directory's: a file in it without a name */
};

/* A piece of user memory; the layout is iovec's. */
struct user_range {
	uint64_t base, len;
};

struct file;
struct file_lock;
struct inode;
struct pipe;
struct poller;
struct super;

struct timestamp {
	int64_t sec;
	uint32_t nsec;
};

struct fs_usage {
	uint64_t magic, block_size, blocks, free, available; /* blocks of block_size bytes */
	uint64_t inodes, free_inodes;			     /* 0: nobody counts them */
};

/* Any may be NULL. All sleep; no locks are held. */
struct super_ops {
	int (*sync)(struct super *super);			  /* everything is on the device when it returns */
	void (*usage)(struct super *super, struct fs_usage *out); /* zeroed before */
	void (*unmount)(struct super *super);			  /* at power-off, after sync: mark it clean */
};

/* What a file system keeps for all its inodes. (C) constant */
struct super {
	const char *type;	/* "ext2"						(C) */
	const struct super_ops *ops; /* NULL: none					(C) */
	uint64_t max_size;	/* of a file; 0: INT64_MAX				(C) */
	unsigned max_links;	/* of a file; 0: no limit				(C) */
	bool names_cached;	/* names change through the VFS only, inodes are found by number: the name cache may be used	(C) */
	unsigned dev;		/* st_dev						(C) */
	unsigned block_size;	/* st_blksize; 0: a page				(C) */
	bool owned;		/* files have owners, whose modes bind: fs/permit.h	(C) */
	bool read_only;		/* whatever would write gives -EROFS			(C) */
	void *private;		/* the file system's own				(C) */
	struct inode *root;	/* referenced						(C) */
	struct super *next;	/* all that are mounted				(boot) */
};

/* emit returns false to stop: the entry was not taken. type: the S_IFMT bits >> 12. next: where to go on after this entry. */
struct dir_sink {
	bool (*emit)(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next);
};

/* What a new inode is to be. */
struct inode_make {
	uint32_t mode;	    /* type and permissions, umask taken off */
	uint32_t rdev;	    /* of a device */
	uint32_t uid, gid;
	const char *target; /* of a symbolic link, not empty; else NULL */
};

/* A rename in progress. The names differ or the directories do, and inode and target are not the same. */
struct renaming {
	struct inode *from_dir, *to_dir;
	const char *from, *to;
	size_t from_len, to_len;
	struct inode *inode;  /* what `from` names */
	struct inode *target; /* what `to` names, or NULL */
	bool exchange;	      /* each gets the other's name; target is there */
};

struct file_extent; /* fs/direct.h */

/*
 * All may sleep, and any may be NULL. Directory operations get names without '/', never "" and never longer than NAME_MAX; all but lookup
 * never get "." or "..". Nothing is held but what is said here. An operation that fails has changed nothing. What they are called with is
 * referenced by the caller. Type, emptiness and existence need no check unless said so; read-only file systems are not asked to change.
 */
struct inode_ops {
	/* names shared. 0: *out referenced; -ENOENT, -EIO, -ENOMEM, -EINTR. lookup: ".." too, never "." */
	int (*lookup)(struct inode *dir, const char *name, size_t len, struct inode **out);
	int (*readdir)(struct inode *dir, uint64_t pos, struct dir_sink *sink); /* emits "." and ".." too */

	/*
	 * dir->names exclusive; dir is not removed and has no such name. Makes an inode (of any type: a directory gets its "." and "..") and
	 * the entry: published, with mode, owner, nlink 1 (a directory 2) and times by inode_init_new. len 0: an inode without a name
	 * (O_TMPFILE), nlink 0. -ENOSPC, -EIO, -ENOMEM, ... The link count of dir is not touched.
	 */
	int (*create)(struct inode *dir, const char *name, size_t len, const struct inode_make *make, struct inode **out);

	/* dir->names exclusive; the name is not there. One more entry for inode, whose count has been raised already. */
	int (*link)(struct inode *dir, const char *name, size_t len, struct inode *inode);

	/* dir->names exclusive; a directory's own names too: removes the entry, which is inode's. -ENOTEMPTY: a directory that is not. */
	int (*unlink)(struct inode *dir, const char *name, size_t len, struct inode *inode);

	/*
	 * names exclusive of both directories, of a target that is a directory, and of whatever directory changes its parent, whose ".." is
	 * to be changed too. No loop can result. Types of inode and target fit. -ENOTEMPTY: target is a directory that is not (unless
	 * exchange). A target loses its name in the same step: at no moment is `to` absent.
	 */
	int (*rename)(const struct renaming *r);

	/* As mapping_read_user, for a file whose holes need no pages; NULL: that. Nothing held. */
	long (*read)(struct inode *inode, uint64_t pos, uintptr_t buf, size_t n);

	long (*readlink)(struct inode *inode, char *buf, size_t size); /* length, no NUL */

	/* A link that leads to something that needs no name (/proc/PID/exe, fd): *out referenced. NULL: it leads where readlink says. */
	int (*target)(struct inode *inode, struct inode **out);
	int (*open)(struct inode *inode, struct file *file);	       /* may set file->ops and file->private */

	/* lock held. Attributes have changed in the inode: they are to reach the disk some time. Cannot fail. NULL: memory is the disk. */
	void (*dirty)(struct inode *inode);

	/* The first byte from `from` on, which lies in the file, that is in a hole, or is not; -ENXIO. Nothing held. NULL: no holes. */
	int64_t (*seek)(struct inode *inode, uint64_t from, bool hole);

	/* lock held. A new size, other than the present one, at most super->max_size: mm's pages and mapping.size, blocks. -ENOSPC, -EIO, ... */
	int (*truncate)(struct inode *inode, uint64_t size);

	/* lock held. enum fallocate_mode; the range is not empty and ends at max_size at most. Size too. NULL: -EOPNOTSUPP. */
	int (*fallocate)(struct inode *inode, unsigned mode, uint64_t start, uint64_t len);

	/* lock held. Where the file's bytes from pos on lie, at most len of them; both multiples of a sector, pos before the end. 0, -EIO, -ENOMEM.
	 * NULL: O_DIRECT goes through the cache. */
	int (*locate)(struct inode *inode, uint64_t pos, uint64_t len, struct file_extent *out);

	/* data_only: attributes that reading the data does not need may wait. The data's pages too. NULL: nothing to do. */
	int (*fsync)(struct inode *inode, bool data_only);

	/* The last reference is gone, its pages too, and nobody finds it any more. nlink 0: the file itself goes, blocks and all; its number
	 * may be used again from now on. */
	void (*evict)(struct inode *inode);
};

enum fallocate_mode { FALLOC_KEEP_SIZE = 1, FALLOC_PUNCH_HOLE = 2 };

/* (C) constant after inode_publish, (A) atomic, (I) lock, (H) inode cache lock, (N) names of the inode itself */
struct inode {
	struct mapping mapping;		/* its pages; mapping.size is st_size	*/
	const struct inode_ops *ops;	/*					(C) */
	struct super *super;		/*					(C) */
	uint64_t ino;			/*					(C) */
	_Atomic unsigned refs;		/*					(A) */
	_Atomic bool filled;		/* or discarded: the wait is over	(A) */
	_Atomic int writers;		/* > 0: files open for writing; < 0: that run	(A) */
	uint32_t mode;			/* type and permissions			(I) */
	uint32_t nlink, uid, gid;	/*					(I) */
	uint32_t rdev;			/*					(C) */
	_Atomic uint64_t blocks;	/* of 512 bytes				(A) */
	struct timestamp atime, mtime, ctime; /*				(I) */
	struct mutex lock;
	struct rwsem names;		/* of a directory: what is in it	*/
	bool removed;			/* a directory without a name: nothing may be made in it	(N) */
	struct inode *was_in;		/* a removed directory's parent, referenced: its ".."	(N) */
	_Atomic bool accessed;		/* atime is later than mtime and ctime: reading need not set it	(A) */
	uint8_t seals;			/* enum seals				(I) */
	_Atomic int storers;		/* fs/seals.c				(A) */
	bool linkable;			/* made by O_TMPFILE: may get its first name	(I) */
	uint64_t serial;		/* no other inode ever had it: the name cache's key	(C) */
	struct list hash;		/* by (super, ino)			(H) */
	bool dying;			/* being evicted: nobody gets it any more	(H) */
	struct list unused;		/* refs == 0 and kept for a while	(H) */
	struct inode *covered_by;	/* root of what is mounted here		(C) */
	struct inode *covers;		/* a mounted root: the directory below	(C) */
	_Atomic(struct file_lock *) locks; /* fs/locks.c				(its lock to write) */
	struct pipe *pipe;		/* of a FIFO that is open		(I) */
	char name[32];			/* the last component it was first found by, for people: may be cut	(C) */
	void *private;			/* the file system's			(C) */
	struct rcu_head rcu;
};

static inline unsigned inode_type(const struct inode *inode)
{
	return inode->mode & S_IFMT;
}

static inline struct inode *inode_of(struct mapping *m)
{
	return container_of(m, struct inode, mapping);
}

/* ---- inodes: fs/inode.c ---- */

/* 0: the cached inode; 1: a new one, for which others wait until the caller has filled it in and called inode_publish or inode_discard. Either
 * with a reference. -ENOMEM; -EINTR: killed. Sleeps. */
int inode_get_or_new(struct super *super, uint64_t ino, struct inode **out);
struct inode *inode_find(struct super *super, uint64_t ino); /* only if it is in the cache, whole: referenced, or NULL. Any context */
void inode_publish(struct inode *inode);
unsigned inode_shrink(unsigned n); /* evicts up to n that nobody uses, the longest unused first; how many. Sleeps, nothing held */
void inode_discard(struct inode *inode); /* a fresh one that could not be filled in */

/* An inode outside the cache (pipes, devices): one reference, filled in by the caller. NULL: no memory. */
struct inode *inode_new(struct super *super, uint64_t ino, unsigned mode);

/* A new inode of a file system: mode, owner, link count, times. The caller fills in the rest and publishes it. */
void inode_init_new(struct inode *inode, const struct inode_make *make);

enum touch { TOUCH_ATIME = 1, TOUCH_MTIME = 2, TOUCH_CTIME = 4 };

/* Tells the file system. lock held. */
static inline void inode_dirty_locked(struct inode *inode)
{
	if (inode->ops->dirty)
		inode->ops->dirty(inode);
}

/* Those times are now, and the file system is told of all that has changed. touch_locked: lock held. Sleep. */
void inode_touch(struct inode *inode, unsigned what);
void inode_touch_locked(struct inode *inode, unsigned what);

/* Pages were written, or read: nothing else has changed but the size perhaps (blocks are their own affair), and the file system is told only if
 * it or a time is another now. lock held. Sleep. */
void inode_written_locked(struct inode *inode, uint64_t size_before);
void inode_read_locked(struct inode *inode);

/* mtime and ctime, if there were stores through a mapping later than that. Sleep; _locked: lock held. */
void inode_settle_stores(struct inode *inode);
void inode_settle_stores_locked(struct inode *inode);
void inode_accessed(struct inode *inode); /* it has been read: atime, as with relatime */

void inode_get(struct inode *inode);	/* the caller holds one already; any context */
bool inode_tryget(struct inode *inode); /* RCU read section */
void inode_put(struct inode *inode);	/* sleeps */

/* For a file system's backing_ops: fs/backing.c. */
bool inode_backing_get(struct mapping *m);
void inode_backing_put(struct mapping *m);
void inode_backing_name(struct mapping *m, char *buf, size_t size);

/* ---- names: fs/path.c ---- */

extern struct inode *vfs_root; /* set once, by vfs_mount_root */

void vfs_mount_root(struct super *super);
int vfs_mount(const char *path, struct super *super); /* covers an existing directory; boot only */

enum lookup_flags { LOOKUP_NOFOLLOW = 1, LOOKUP_DIRECTORY = 2, LOOKUP_CREATE = 4 /* a slash behind a file is the caller's to refuse */ };

/* base: where relative paths begin. 0 and a referenced inode, or -ENOENT -ENOTDIR -ELOOP -ENAMETOOLONG -EIO -ENOMEM -EINTR. */
int vfs_lookup(struct inode *base, const char *path, unsigned flags, struct inode **out);

/* Where a path leads: the directory that has, or could have, its last name. */
struct place {
	struct inode *dir;	 /* referenced */
	struct inode *inode;	 /* referenced; NULL: the directory has no such name */
	char name[NAME_MAX + 1]; /* "": the path names a directory without a name, as "/" does */
	size_t len;		 /* of the name */
	bool slash;		 /* one stands behind the name: only a directory may have it */
};

/* As far as the last name, which is not looked up: inode is NULL, and the name may be "." or "..". */
int vfs_find_parent(struct inode *base, const char *path, struct place *place);

/* As vfs_lookup, but the last name need not be there. */
int vfs_find_place(struct inode *base, const char *path, unsigned flags, struct place *place);
void place_put(struct place *place);

/* Changing names: fs/namespace.c, fs/rename.c. Places come from vfs_find_parent or vfs_find_place. All sleep; errors as Linux has them. */
int vfs_make(const struct place *at, const struct inode_make *make, struct inode **out); /* *out referenced. -EEXIST, ... */
int vfs_make_unnamed(struct inode *dir, unsigned mode, bool linkable, struct inode **out);
int vfs_link(const struct place *at, struct inode *inode);
int vfs_remove(const struct place *at, bool dir); /* unlink, or rmdir */

enum rename_flags { VFS_NOREPLACE = 1, VFS_EXCHANGE = 2 };
int vfs_rename(const struct place *from, const struct place *to, unsigned flags);

/* The entries of dir from pos on, with its `names` held: the sink may not touch user memory. */
int dir_read(struct inode *dir, uint64_t pos, struct dir_sink *sink);

/* The directory's absolute path. 0, -ENOENT (removed), -ERANGE. */
int vfs_path_of(struct inode *dir, char *buf, size_t size);

struct kstat {
	uint64_t dev, ino, size, blocks;
	uint32_t mode, nlink, uid, gid, rdev, blksize;
	struct timestamp atime, mtime, ctime;
};

void inode_stat(struct inode *inode, struct kstat *st);

/* The bytes [start, end), and what is needed to read them or, unless data_only, all attributes. Says each error of write-back once. */
int vfs_fsync_range(struct file *file, uint64_t start, uint64_t end, bool data_only);
int vfs_syncfs(struct super *super);
void vfs_sync(void);
void vfs_unmount_all(void); /* at power-off: everything is on the devices */
void vfs_usage(struct super *super, struct fs_usage *out);
void vfs_super_add(struct super *super); /* boot only */

/* -EINVAL if it is no symbolic link. Length, no NUL; cut to size. */
long inode_readlink(struct inode *inode, char *buf, size_t size);

/* ---- open files: fs/file.c ---- */

/* User buffers; pos is the file position, already valid. Bytes done or -errno. Sleep. NULL: -EINVAL. */
struct file_ops {
	long (*read)(struct file *file, uintptr_t buf, size_t n, uint64_t pos);
	long (*write)(struct file *file, uintptr_t buf, size_t n, uint64_t pos);
	long (*write_at)(struct file *file, uintptr_t buf, size_t n, uint64_t *pos); /* as write, and moves pos; NULL: by what write did */
	int (*ioctl)(struct file *file, unsigned cmd, uintptr_t arg);
	unsigned (*poll)(struct file *file, struct poller *poller); /* what is ready: see fs/poll.h. NULL: always all */
	void (*release)(struct file *file); /* the last reference is gone */
	/* A vector of `total` bytes that shall not be torn apart, if the file can: -EOVERFLOW if not. NULL: range by range. */
	long (*write_whole)(struct file *file, const struct user_range *v, size_t count, size_t total);
	bool stream;			    /* no position: lseek and pread give -ESPIPE */
	bool seek_ignored;		    /* a stream whose lseek gives 0 */
	bool same_everywhere;		    /* at any position: lseek gives 0, whatever it is asked for */
	bool loose_position;		    /* read and write take locks that come before pos_lock: it is not held meanwhile */
};

/* (C) constant, (A) atomic, (P) pos_lock */
struct file {
	struct inode *inode;	     /* referenced			(C) */
	struct inode *dir;	     /* where its name was found, referenced; or NULL	(C) */
	const struct file_ops *ops;  /*					(C) */
	void *private;		     /*					(C) */
	_Atomic unsigned refs;	     /*					(A) */
	_Atomic unsigned flags;	     /* enum open_flags; fcntl may change APPEND and NONBLOCK	(A) */
	struct list watchers;	     /* struct item.of_file: epolls	(E: fs/epoll.c) */
	_Atomic bool watched;	     /* there has been one		(A) */
	struct mutex pos_lock;	     /* one read, write, lseek or getdents at a time */
	uint64_t pos;		     /*					(P) */
	_Atomic uint32_t error_seq;  /* errors of write-back seen: mm/writeback.h	(A) */
	struct readahead ra;	     /* of its reads: mm/readahead.h	(A)	*/
	char *path;		     /* what it was opened by, or NULL	(C) */
	struct inode *base;	     /* where that begins, referenced	(C) */
	struct rcu_head rcu;
};

extern const struct file_ops regular_file_ops; /* fs/regular.c */

int vfs_open(struct inode *base, const char *path, unsigned flags, unsigned mode, struct file **out);
int vfs_open_inode(struct inode *inode, unsigned flags, struct file **out); /* takes its own reference */

/* fs/file_path.c: remember: once, by whoever opened it. path: absolute, " (deleted)" behind it, or "pipe:[7]"; sleeps, no lock held. via: for
 * backing_ops, so that a mapping keeps the open file it came through. */
void file_remember(struct file *file, struct inode *base, const char *path);
void file_forget(struct file *file);
void file_path(struct file *file, char *buf, size_t size);
void file_via_get(void *via);
void file_via_put(void *via);
struct readahead *file_via_readahead(void *via);

void file_get(struct file *file);
bool file_tryget(struct file *file); /* RCU read section */
void file_put(struct file *file);    /* sleeps */

static inline unsigned file_flags(const struct file *file)
{
	return atomic_load_explicit(&file->flags, memory_order_relaxed);
}

static inline bool file_readable(const struct file *file)
{
	return (file_flags(file) & (VFS_READ | VFS_PATH)) == VFS_READ;
}

static inline bool file_writable(const struct file *file)
{
	return (file_flags(file) & (VFS_WRITE | VFS_PATH)) == VFS_WRITE;
}

/*
 * A program that runs is not written to, and what is written to does not run: inode->writers counts one or the other. A file opened for
 * writing counts up and fails with -ETXTBSY below 0, and so does a truncation for as long as it takes; file_deny_write counts down until file_put
 * and fails so above 0.
 */
int file_deny_write(struct file *file);
int inode_write_begin(struct inode *inode); /* 0: nobody runs it until inode_write_end; or -ETXTBSY */
void inode_write_end(struct inode *inode);

/* What can be mapped of it, or NULL. Lives as long as the file's inode. */
struct mapping *file_mapping(struct file *file);

/* -EBADF if it was not opened for that, -EISDIR, -ESPIPE, -EFAULT, ... as Linux; short counts where Linux gives them. */
long file_read(struct file *file, uintptr_t buf, size_t n);  /* at its position, which moves */
long file_write(struct file *file, uintptr_t buf, size_t n);
long file_pread(struct file *file, uintptr_t buf, size_t n, uint64_t pos);
long file_pwrite(struct file *file, uintptr_t buf, size_t n, uint64_t pos);
int64_t file_seek(struct file *file, int64_t offset, int whence);
int file_readdir(struct file *file, struct dir_sink *sink); /* from its position, which moves with each entry taken */
int file_ioctl(struct file *file, unsigned cmd, uintptr_t arg);

/* Two ends of a fresh pipe: read, write. */
int pipe_create(unsigned flags, struct file **reader, struct file **writer);

/* The first program's descriptors: standard input and output, and standard error. */
int console_open(bool err_apart, struct file *files[3]);

/* fs/dev.c: for a character device's inode in another file system. What opens is the device of that number; -ENXIO: there is none. */
extern const struct inode_ops device_node_ops;
int device_node_open(struct inode *inode, struct file *file);

#endif

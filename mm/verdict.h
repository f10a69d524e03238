/* SPDX-License-Identifier: MIT */
/* What a step of a fault, or an operation of a backing that takes part in one, says. */
#ifndef MM_VERDICT_H
#define MM_VERDICT_H

/* Any verdict but NEXT means that nothing is held: no lock, no reference, no RCU read section. */
enum verdict {
	NEXT,  /* go on with the next step */
	DONE,  /* the access can be tried again and will succeed, or fault afresh */
	RETRY, /* something changed or had to be waited for: do the whole fault again */
	SEGV,  /* no mapping there */
	ACCESS,/* a mapping, but it does not allow this */
	BUS,   /* beyond the end of the file, or it could not be read */
	OOM,   /* no memory, and nothing left to reclaim */
	KILLED,/* a fatal signal came while waiting */
};

extern const char *const verdict_names[];

#endif

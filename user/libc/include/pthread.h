/* SPDX-License-Identifier: MIT */
/* As much of POSIX threads as our programs use. */
#ifndef _PTHREAD_H
#define _PTHREAD_H

#include <sys/types.h>

int pthread_create(pthread_t *thread, const void *attributes, void *(*run)(void *), void *arg);
int pthread_join(pthread_t thread, void **result);
pthread_t pthread_self(void);

#endif

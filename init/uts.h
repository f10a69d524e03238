/* SPDX-License-Identifier: MIT */
/* What the machine is called. */
#ifndef INIT_UTS_H
#define INIT_UTS_H

#include <stdbool.h>
#include <stddef.h>

#define UTS_NAME_MAX 64

void uts_name(bool domain, char name[UTS_NAME_MAX + 1]);
void uts_name_set(bool domain, const char *name, size_t len); /* len <= UTS_NAME_MAX */

#endif

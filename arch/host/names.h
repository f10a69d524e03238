/* SPDX-License-Identifier: MIT */
/* Included before everything else in the kernel's own files: our functions that the C library has too get other names, so that both
 * can be in one process. */
#define memcpy fl_memcpy
#define memmove fl_memmove
#define memset fl_memset
#define memcmp fl_memcmp
#define memchr fl_memchr
#define strlen fl_strlen
#define strnlen fl_strnlen
#define strcmp fl_strcmp
#define strncmp fl_strncmp
#define strchr fl_strchr
#define strrchr fl_strrchr
#define strstr fl_strstr
#define strlcpy fl_strlcpy
#define strlcat fl_strlcat
#define vsnprintf fl_vsnprintf
#define snprintf fl_snprintf

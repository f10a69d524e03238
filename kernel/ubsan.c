/* SPDX-License-Identifier: MIT */
/*
 * What -fsanitize=undefined calls in debug builds: a panic that names the place. Each handler gets the compiler's description of the place
 * first; its layout is gcc's (libsanitizer's ubsan_handlers.h describes it), and always begins with the location.
 */
#include "kernel/assert.h"
#include <stdint.h>

struct source_location {
	const char *file;
	uint32_t line, column;
};

static _Noreturn void undefined(const struct source_location *at, const char *what)
{
	panic("undefined behaviour: %s at %s:%u:%u", what, at->file, at->line, at->column);
}

/* data begins with its location; up to two operands follow, which the panic does not show */
#define HANDLER(name, what)                                                                        \
	void __ubsan_handle_##name(const struct source_location *at, uintptr_t a, uintptr_t b);    \
	void __ubsan_handle_##name(const struct source_location *at, uintptr_t a, uintptr_t b)     \
	{                                                                                          \
		undefined(at, what);                                                               \
	}

HANDLER(add_overflow, "signed addition overflows")
HANDLER(sub_overflow, "signed subtraction overflows")
HANDLER(mul_overflow, "signed multiplication overflows")
HANDLER(negate_overflow, "negation overflows")
HANDLER(divrem_overflow, "division by zero or overflow")
HANDLER(shift_out_of_bounds, "shift by too much")
HANDLER(out_of_bounds, "array index out of bounds")
HANDLER(pointer_overflow, "pointer arithmetic wraps")
HANDLER(vla_bound_not_positive, "array of no elements")
HANDLER(load_invalid_value, "value outside its type")
HANDLER(builtin_unreachable, "unreachable code is reached")
HANDLER(missing_return, "end of a function that should return a value")
HANDLER(nonnull_arg, "null argument where none may be")
HANDLER(invalid_builtin, "builtin with an argument it does not take")
HANDLER(float_cast_overflow, "conversion of a float overflows")

/* Has its own layout behind the location: the type, its alignment as a power of two, and what was tried. */
struct type_mismatch {
	struct source_location at;
	const void *type;
	unsigned char log_alignment, kind;
};

void __ubsan_handle_type_mismatch_v1(const struct type_mismatch *data, uintptr_t pointer);

void __ubsan_handle_type_mismatch_v1(const struct type_mismatch *data, uintptr_t pointer)
{
	if (!pointer)
		undefined(&data->at, "access through a null pointer");
	if (pointer & ((1ul << data->log_alignment) - 1))
		undefined(&data->at, "misaligned access");
	undefined(&data->at, "object too small for its type");
}

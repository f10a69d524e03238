/* SPDX-License-Identifier: MIT */
/* Circular doubly linked lists through a `struct list` inside each element. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name) { &(name), &(name) }

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert(struct list *node, struct list *prev, struct list *next)
{
	node->prev = prev;
	node->next = next;
	prev->next = node;
	next->prev = node;
}

static inline void list_push(struct list *head, struct list *node) /* at the front */
{
	list_insert(node, head, head->next);
}

static inline void list_append(struct list *head, struct list *node) /* at the back */
{
	list_insert(node, head->prev, head);
}

/* The node is left pointing at itself, so that removing it twice does no harm and list_empty(node) tells. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Moves everything on `from` to the back of `to`. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)

#define list_for_each(pos, head, member)                                                           \
	for (pos = list_first(head, __typeof__(*pos), member); &pos->member != (head);             \
	     pos = list_entry(pos->member.next, __typeof__(*pos), member))

/* The body may remove pos. */
#define list_for_each_safe(pos, tmp, head, member)                                                 \
	for (pos = list_first(head, __typeof__(*pos), member),                                     \
	    tmp = list_entry(pos->member.next, __typeof__(*pos), member);                          \
	     &pos->member != (head);                                                               \
	     pos = tmp, tmp = list_entry(tmp->member.next, __typeof__(*tmp), member))

#endif

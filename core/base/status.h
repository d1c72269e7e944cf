/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a call into an engine ended.  Three kinds of failure are kept apart:
   the caller's or the peer's fault is returned, a session that is over is
   returned as DR_SESSION_OVER, and a bug of ours stops the program in
   dr_assert, in release builds too.  */
#ifndef DR_STATUS_H
#define DR_STATUS_H

enum dr_status
{
  DR_OK = 0,
  DR_NO_MEMORY,		/* the allocator said no; nothing has changed */
  DR_LIMIT,		/* over a stated limit of the caller's; try later */
  DR_AGAIN,		/* not now; the header says which event ends the wait */
  DR_PEER_FAULT,	/* the peer broke the protocol: close its session */
  DR_SESSION_OVER,	/* there is no session (any more) */
  DR_INVALID,		/* the caller's arguments make no sense here */
  DR_STATUS_COUNT
};

/* A short English phrase; never NULL.  */
const char *dr_status_text (enum dr_status status);

/* Where failed assertions go.  Does not return.  A program may define its own
   (the default writes nothing and traps).  */
void dr_assert_failed (const char *what, const char *file, int line)
  __attribute__ ((noreturn));

#define dr_assert(condition)						\
  ((condition) ? (void) 0						\
   : dr_assert_failed (#condition, __FILE__, __LINE__))

#endif

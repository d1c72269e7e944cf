/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The link's constants: first those of the protocol (doc/protocol.md, "Link"),
   then those of this implementation, which a peer cannot see.  */
#ifndef DR_LINK_LIMITS_H
#define DR_LINK_LIMITS_H

#include <stdint.h>

/* Protocol.  */
#define LINK_VERSION 1u
#define LINK_PROLOGUE "drove link 1"
#define LINK_TAG_BYTES 16u
/* A message's number is at most this far above the greatest number below which
   every message is handed up.  */
#define LINK_WINDOW_MESSAGES 65536u
/* Packet numbers end here (and the session with them).  */
#define LINK_NUMBER_MAX ((uint64_t) 1 << 62)
#define LINK_ACK_RANGES_MAX 32u		/* besides the first */
#define LINK_ASSEMBLY_BYTES_MIN (128u * 1024)

/* Handshake.  */
#define LINK_HALF_OPEN_MAX 4u		/* unconfirmed answers, per peer */
#define LINK_HALF_OPEN_US 5000000u
#define LINK_PAST_EPOCHS 8u		/* of a peer, remembered against replay */
#define LINK_RETRY_US 500000u		/* first repetition of an initiation */
#define LINK_RETRY_MAX_US 2000000u
#define LINK_YIELD_US 1000000u		/* how long one handshake waits for the other */
#define LINK_YIELD_TRIES 2u		/* initiations for which ties are resolved */
#define LINK_RESPONSES_PER_TRY 16u	/* bad answers looked at, per initiation */
#define LINK_COOKIE_SECRET_US 120000000u
#define LINK_COOKIE_RETRY_US 20000u	/* initiation repeated after a cookie came */
#define LINK_COOKIES_PER_SECOND 200u
#define LINK_ADDRESS_BUCKETS 256u
#define LINK_ADDRESS_PER_SECOND 5u	/* handshakes per address, under load */
#define LINK_LOAD_FACTOR 8u		/* with cookies, so many times the rate at most */
#define LINK_NOTES_MAX 16u		/* cookie replies and closings waiting to go */
#define LINK_NOTE_BYTES 64u

/* Keys.  */
#define LINK_REKEY_RESPONDER_NUM 5u	/* the responder renews at 5/4 of the age */
#define LINK_REKEY_RESPONDER_DEN 4u
#define LINK_KEY_AGE_FACTOR 4u		/* x rekey_us: the session ends */
#define LINK_PREVIOUS_KEY_US 10000000u	/* unused for so long: wiped */

/* Reliability.  */
#define LINK_REPLAY_WORDS 128u		/* of 64 bits */
#define LINK_RING_MIN 256u		/* datagrams in flight: a power of two */
#define LINK_RING_MAX 16384u
#define LINK_REORDER_MIN 3u		/* datagrams, as RFC 9002 */
#define LINK_REORDER_MAX 128u
#define LINK_GRANULARITY_US 1000u
#define LINK_PEER_ACK_DELAY_US 25000u	/* 5 ms and the node's clock of 10 ms */
#define LINK_PROBE_INITIAL_US 200000u	/* without a measured round trip */
#define LINK_PROBE_MAX_US 500000u
#define LINK_PROBE_DATAGRAMS 2u
#define LINK_ACK_EVERY 64u		/* datagrams, whatever the peer asks for */
#define LINK_ACK_REQUEST_MAX 32u	/* datagrams between two requests of ours */
#define LINK_FLOOR_EVERY 65536u		/* datagrams */
#define LINK_FLOOR_GAPS_EVERY 32u	/* datagrams, after losses */

/* Path MTU (RFC 8899, 5.1).  */
#define LINK_PATH_TRIES 3u
#define LINK_PATH_RAISE_US 600000000u	/* until a size that got lost is tried again */
#define LINK_PATH_RETRY_US 10000000u	/* the same after the path has changed */
#define LINK_PATH_LOST_MAX 6u		/* larger ones lost in a row: it has */

/* Sending.  */
#define LINK_SMALL_BYTES 16384u		/* = LINK_SMALL_MESSAGE_BYTES of link.h */
#define LINK_SMALL_TURN_BYTES 4096u	/* of small messages per bulk datagram */
#define LINK_SPLIT_ROOM_BYTES 512u	/* less room: begin a new datagram instead */
#define LINK_BULK_ACTIVE_MAX 256u
#define LINK_LAZY_US 20000u		/* what may wait for company waits so long */
#define LINK_FREE_NODES_MAX 1024u	/* kept for reuse, per session and kind */

/* Receiving.  */
#define LINK_GAPS_MAX 8192u		/* pieces of one message */
#define LINK_GAPS_TOTAL_MAX 65536u	/* of one session */

/* Congestion.  */
#define LINK_INITIAL_DATAGRAMS 32u
#define LINK_WINDOW_MIN_DATAGRAMS 16u	/* of the base size */
#define LINK_WINDOW_MIN_LARGE 4u	/* of the size in use */
#define LINK_IDLE_DATAGRAMS 128u	/* burst after a pause */
#define LINK_IDLE_US 1000000u
#define LINK_QUEUE_TARGET_US 10000u	/* data we may have queued in the network */
#define LINK_ROUND_US 2000u		/* rates are measured over at least this */
#define LINK_LOSS_SAMPLE 200u		/* datagrams per judgement */
#define LINK_LOSS_CUT_PERCENT 10u	/* above: the window shrinks */
#define LINK_CUT_TO_PERCENT 70u
#define LINK_LOSS_HOLD_PERCENT 7u	/* above: it does not grow */
#define LINK_TRIAL_SAMPLE 1000u		/* datagrams before and during a trial */
#define LINK_TRIAL_PERMILLE 20u		/* losses that are worth one */
#define LINK_TRIAL_TO_PERCENT 80u
#define LINK_TRIAL_REST 20u		/* samples after one that found nothing */
#define LINK_KNEE_US 1000000u		/* how long a window that was too large is
					   not tried again */
#define LINK_RTT_BUCKET_US 5000000u	/* the minimum is over two of these */
#define LINK_RATE_BUCKET_US 5000000u	/* likewise the greatest rate */

#endif

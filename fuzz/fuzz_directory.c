/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program of the node makes of the answers of a file server, which may be anybody:
   looking names up and its retries, the entries of directories, the way from here to the root.
   What comes of it is within its buffer and ends; no right and no page is lost.

   The input: what is asked for (1 byte), how much room there is (2), how many bytes the path has
   (1), the path, then what the server answers: each call takes what it needs, and finds zeroes at
   the end.  */
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/client.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

#include "files.h"
#include "prototypes.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <hurd/fs.h>
#include <hurd/io.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { FD = 3, CALLS_MAX = 150, HEAD_BYTES = 4, READS_MAX = 4, SERVER_DIES = 254 };
enum wish { WISH_ENTRIES, WISH_HERE, WISH_LOOKUP, WISH_PARENT, WISH_GO, WISH_NEW_ROOT, WISHES };

static struct client server;	/* whose ports are all the directories that there are */
static struct open_port open_directory;
static const uint8_t *answers, *answers_end;
static unsigned calls_left;

/* --- The server ----------------------------------------------------------------------------------- */

static unsigned
next_byte (void)
{
  return answers < answers_end ? *answers++ : 0;
}

static size_t
next_bytes (void *to, size_t bytes)
{
  size_t left = (size_t) (answers_end - answers), part = bytes < left ? bytes : left;
  memcpy (to, answers, part);
  answers += part;
  return part;
}

/* A call by PORT begins.  It may go on for ever, but we do not.  */
static error_t
begin_call (mach_port_t port)
{
  uint32_t type = 0;
  dr_assert (!MACH_PORT_VALID (port) || mk_type (machine_task (), port, &type) == MK_SUCCESS);
  if (!(type & MK_TYPE_SEND))
    return MACH_SEND_INVALID_DEST;
  if (calls_left == 0 || --calls_left == 0)
    return HURD_EIO;
  unsigned what = next_byte ();
  if (what == SERVER_DIES)
    client_end_own (&server, next_byte ());
  return what == 255 ? HURD_ENOENT : 0;
}

static mach_port_t
next_right (void)
{
  unsigned which = next_byte () % (CLIENT_PORTS + 2);
  return which < CLIENT_PORTS ? client_right_to_own (&server, which) : which == CLIENT_PORTS ? MACH_PORT_NULL : MACH_PORT_DEAD;
}

kern_return_t
dir_lookup (mach_port_t directory, const char *path, int flags, mode_t mode, retry_type *retry, string_t retry_name,
	    mach_port_t *found)
{
  error_t error = begin_call (directory);
  dr_assert (strlen (path) < HURD_NAME_SIZE);
  if (error)
    return error;
  *retry = (retry_type) (next_byte () % 5);
  unsigned bytes = next_byte ();
  /* All of it comes with the answer: it may have no end.  */
  memset (retry_name, bytes == 255 ? 'n' : 0, HURD_NAME_SIZE);
  next_bytes (retry_name, bytes);
  *found = next_right ();
  return 0;
}

kern_return_t
dir_readdir (mach_port_t directory, data_t *data, mach_msg_type_number_t *size, int entry, int entries,
	     vm_size_t most_bytes, int *count)
{
  error_t error = begin_call (directory);
  if (error)
    return error;
  unsigned bytes = next_byte () * 3, beside = next_byte () % 2 * 8;
  *count = (int8_t) next_byte ();
  *size = bytes;
  if (bytes == 0)
    return 0;
  uint8_t *page = machine_own_new (beside + bytes);
  *data = (char *) page + beside;
  next_bytes (*data, bytes);
  ASAN_POISON_MEMORY_REGION (page + beside + bytes, (size_t) -(beside + bytes) % MACHINE_PAGE_BYTES);
  return 0;
}

kern_return_t
io_stat (mach_port_t file, io_statbuf_t *status)
{
  error_t error = begin_call (file);
  if (error)
    return error;
  unsigned what = next_byte ();
  memset (status, 0, sizeof *status);
  status->st_mode = what & 128 ? S_IFREG : S_IFDIR;
  status->st_ino = what % 8;
  status->st_fsid = what / 8 % 4;
  return 0;
}

/* --- Around --------------------------------------------------------------------------------------- */

void posix_interruptible_begin (void) { }
void posix_interruptible_end (void) { }
bool posix_signals_deliverable (void) { return false; }
struct open_port *fd_get (int fd) { return fd == FD ? &open_directory : NULL; }
void open_port_put (struct open_port *port) { }
void fd_table_start (const mach_port_t *ports, unsigned count) { }
void fd_table_lock (void) { }
void fd_table_unlock (void) { }
void posix_lock (posix_lock_t *lock) { }
void posix_unlock (posix_lock_t *lock) { }

/* --- What is asked for ---------------------------------------------------------------------------- */

static void
check_entries (const char *buffer, size_t bytes)
{
  for (size_t at = 0; at < bytes;)
    {
      const struct dirent *entry = (const void *) (buffer + at);
      size_t name = at + offsetof (struct dirent, d_name);
      dr_assert (name < bytes && entry->d_reclen % 8 == 0 && entry->d_reclen <= bytes - at && entry->d_ino != 0);
      dr_assert (memchr (entry->d_name, '\0', at + entry->d_reclen - name) != NULL);
      at += entry->d_reclen;
    }
}

static void
read_entries (char *buffer, size_t room)
{
  for (int i = 0; i < READS_MAX; i++)
    {
      long bytes = sys_getdents64 (FD, buffer, room);
      dr_assert (bytes <= (long) room);
      if (bytes <= 0)
	break;
      check_entries (buffer, (size_t) bytes);
    }
}

static void
find_here (char *buffer, size_t room)
{
  long bytes = sys_getcwd (buffer, room);
  dr_assert (bytes <= (long) room);
  if (bytes > 0)
    dr_assert (buffer[0] == '/' && strnlen (buffer, room) + 1 == (size_t) bytes);
}

static void
look_up (const char *path, bool parent)
{
  char name[HURD_NAME_SIZE];
  mach_port_t port = MACH_PORT_NULL;
  int error = parent ? path_lookup_parent (AT_FDCWD, path, &port, name) : path_lookup (FD, path, HURD_O_READ, 0, &port);
  if (error)
    return;
  dr_assert (MACH_PORT_VALID (port));
  dr_assert (!parent || (strlen (name) > 0 && strcspn (name, "/") > 0));
  drop_port (port);
}

static void
wish (unsigned which, const char *path, char *buffer, size_t room)
{
  switch (which % WISHES)
    {
    case WISH_ENTRIES: read_entries (buffer, room); break;
    case WISH_HERE: find_here (buffer, room); break;
    case WISH_LOOKUP: look_up (path, false); break;
    case WISH_PARENT: look_up (path, true); break;
    case WISH_GO: sys_chdir (path); break;
    case WISH_NEW_ROOT: sys_chroot (path); break;
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < HEAD_BYTES)
    return 0;
  size_t room = data[1] | (data[2] & 15) << 8, length = data[3] < size - HEAD_BYTES ? data[3] : size - HEAD_BYTES;
  char *path = malloc (length + 1), *buffer = malloc (room + !room);
  mach_port_t ports[INIT_PORT_MAX] = { 0 };
  memcpy (path, data + HEAD_BYTES, length);
  path[length] = '\0';
  answers = data + HEAD_BYTES + length;
  answers_end = data + size;
  calls_left = CALLS_MAX;
  client_begin (&server, machine_ports_begin ());
  machine_memory_begin (0);
  ports[INIT_PORT_CWDIR] = client_right_to_own (&server, 1);
  ports[INIT_PORT_CRDIR] = client_right_to_own (&server, 2);
  posix_files_start (&(struct posix_startup) { .ports = ports, .port_count = INIT_PORT_MAX });
  open_directory = (struct open_port) { .port = client_right_to_own (&server, 0) };
  wish (data[0], path, buffer, room);
  drop_port (open_directory.port);
  set_current_directory (MACH_PORT_NULL);
  set_root_directory (MACH_PORT_NULL);
  client_end (&server);
  machine_end ();
  free (path);
  free (buffer);
  return 0;
}

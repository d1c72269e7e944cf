/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pager is a memory object that a server provides: the contents of a file, say.  Any
   number of kernels map it at the same time, on this machine and on others, and see one
   memory: at most one of them writes a page, then nobody else has it, and who reads sees
   what was written last.

   This is the Hurd's <hurd/pager.h>: the same calls and callbacks.  What is more is in
   <hurd/pager_extra.h>.

   Units: offsets and lengths are bytes; a page is vm_page_size.  Where a range is not made
   of whole pages, the pages that it touches are meant.

   References: a pager begins with a struct port_info, and libports' references, send rights
   and iterators are its.  When no reference and no send right is left,
   pager_clear_user_data is called and the pager is gone.

   Threads: all of these may be called from any thread, but from a callback only those that
   do not wait.  Callbacks are called from the library's threads, without a lock held, many
   at a time; but never two of read, write and unlock for one page.  */
#ifndef _HURD_PAGER_
#define _HURD_PAGER_

#include <hurd/ports.h>

struct pager;
struct pager_requests;
struct user_pager_info;		/* what it is is the user's business */

/* --- Service ------------------------------------------------------------------- */

/* Start the threads that serve BUCKET's pagers: one receives, others call the user and the
   kernels.  They last for ever.  The bucket's ports need be nothing but pagers: what is not
   for a pager is answered as libports does.  *REQUESTS is for the two calls below; NULL
   when an error is returned (ENOMEM, or pthread_create's).  */
error_t pager_start_workers (struct port_bucket *bucket, struct pager_requests **requests);

/* Returns when everything that had come was done: no callback runs then, and none begins
   until pager_resume_workers.  Messages that come meanwhile wait.  Calls below that wait for
   kernels wait also for that.  ENOMEM is not returned by this implementation: 0.  */
error_t pager_inhibit_workers (struct pager_requests *requests);
void pager_resume_workers (struct pager_requests *requests);

/* --- Pagers ---------------------------------------------------------------------- */

/* A new pager with a port in BUCKET and one reference, the caller's.  UPI is what the
   callbacks get.  MAY_CACHE and COPY_STRATEGY: what each kernel is told when it maps the
   object.  NOTIFY_ON_EVICT: have pager_notify_evict called.  NULL with errno set: ENOMEM, or
   what Mach says.  */
struct pager *pager_create (struct user_pager_info *upi, struct port_bucket *bucket,
			    boolean_t may_cache,
			    memory_object_copy_strategy_t copy_strategy,
			    boolean_t notify_on_evict);

/* The same with UPI_BYTES of the pager's own memory as its user_pager_info (not
   initialised; it is freed with the pager, after pager_clear_user_data).  */
struct pager *pager_create_alloc (size_t upi_bytes, struct port_bucket *bucket,
				  boolean_t may_cache,
				  memory_object_copy_strategy_t copy_strategy,
				  boolean_t notify_on_evict);

struct user_pager_info *pager_get_upi (struct pager *pager);

/* The memory object: the name of the receive right.  The caller must make a send right of
   it (MACH_MSG_TYPE_MAKE_SEND), once for each call.  MACH_PORT_NULL after shutdown.  */
mach_port_t pager_get_port (struct pager *pager);

/* A send right, the caller's, to a second memory object with the same contents, that any
   kernel may map for reading and executing: a write to it is refused (EROFS), whatever the
   mapping allowed, and what such a kernel returns is not believed.  While the right exists
   the pager does.  MACH_PORT_NULL with errno set: ENOMEM, or EIO after shutdown.  */
mach_port_t pager_create_ro_port (struct pager *pager);

/* What kernels have changed is written, all kernels lose the object, then the receive
   rights are destroyed.  Waits for kernels and for the writes, for each kernel no longer
   than the time limit (pager_extra.h).  The references stay.  */
void pager_shutdown (struct pager *pager);

/* --- What kernels have --------------------------------------------------------- */

/* Each is for the whole object, or, _some, for LENGTH bytes from START.  With WAIT it
   returns when its effect holds; a kernel that does not answer within the time limit is
   dropped, and not waited for longer.

   sync: what was changed before the call is written; kernels keep it.
   return: what was changed is written, and no kernel has what it had.
   flush: no kernel has what it had; what was changed and not returned yet is lost, and
   errors of earlier writes are forgotten.  */
void pager_sync (struct pager *pager, int wait);
void pager_sync_some (struct pager *pager, vm_address_t start, vm_size_t length, int wait);
void pager_return (struct pager *pager, int wait);
void pager_return_some (struct pager *pager, vm_address_t start, vm_size_t length, int wait);
void pager_flush (struct pager *pager, int wait);
void pager_flush_some (struct pager *pager, vm_address_t start, vm_size_t length, int wait);

/* New attributes, for kernels that have the object and those to come.  WAIT: until all have
   said that they hold.  */
void pager_change_attributes (struct pager *pager, boolean_t may_cache,
			      memory_object_copy_strategy_t copy_strategy, int wait);

/* Offer one page, which is copied from BUF, at offset PAGE.  Where a kernel has the page, or
   waits for it, nothing happens.  PRECIOUS: BUF is newer than the store's page: it is
   written there.  Otherwise a kernel that has the object mapped gets it; WRITE_LOCK: without
   the right to write.  */
void pager_offer_page (struct pager *pager, int precious, int write_lock,
		       vm_offset_t page, vm_address_t buf);

/* Why the page at ADDRESS was last refused (EIO, EDQUOT, ENOSPC, or EROFS on a read-only
   port); 0 when it has been supplied since.  This is how a server, whose own access to the
   object faulted, learns what the kernel does not tell.  */
error_t pager_get_error (struct pager *pager, vm_address_t address);

/* Copy *SIZE bytes between OTHER and OFFSET of the memory object MEMOBJ, which is PAGER's:
   from the pager with PROT VM_PROT_READ, to it where PROT has VM_PROT_WRITE.  A fault in the
   object's pages is returned as its error (see pager_get_error), with *SIZE the bytes that
   were copied before it.  0: all were.  Other errors are vm_map's.  OTHER is touched here
   and must be there.  */
error_t pager_memcpy (struct pager *pager, memory_object_t memobj, vm_offset_t offset,
		      void *other, size_t *size, vm_prot_t prot);

/* --- Callbacks: the user defines these ------------------------------------------- */

/* Read the page at PAGE: *BUF becomes its address, memory of vm_allocate's (or mmap's) that
   the library takes over; *WRITE_LOCK: pager_unlock_page must be called before it is
   written.  EIO, EDQUOT or ENOSPC: whoever waits for it faults.  */
error_t pager_read_page (struct user_pager_info *upi, vm_offset_t page, vm_address_t *buf,
			 int *write_lock);

/* Write the page at BUF, which stays the library's, to PAGE; return when that is done.  An
   error makes the page unreadable until it is written again or flushed.  */
error_t pager_write_page (struct user_pager_info *upi, vm_offset_t page, vm_address_t buf);

/* May be left out.  The same for LENGTH bytes; *WRITTEN: how many are written, whole pages
   from the beginning.  What is missing is written by pager_write_page.  EOPNOTSUPP: nothing
   was done.  */
error_t pager_write_pages (struct user_pager_info *upi, vm_offset_t offset,
			   vm_address_t data, vm_size_t length, vm_size_t *written);

/* A page that was read with *WRITE_LOCK is about to be written: make room for it.  */
error_t pager_unlock_page (struct user_pager_info *upi, vm_offset_t page);

/* With NOTIFY_ON_EVICT: no kernel has the page any more.  A page may also go unnoticed.  Of
   such a pager nothing is read that no kernel asked for.  */
void pager_notify_evict (struct user_pager_info *upi, vm_offset_t page);

/* The object's first offset and its size, of now.  Pages behind it are not read ahead.  */
error_t pager_report_extent (struct user_pager_info *upi, vm_address_t *offset,
			     vm_size_t *size);

/* The pager is about to be freed: nobody can reach it.  */
void pager_clear_user_data (struct user_pager_info *upi);

/* Only weak references are left: drop yours.  */
void pager_dropweak (struct user_pager_info *upi);

#endif

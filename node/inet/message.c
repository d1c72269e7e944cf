/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "message.h"
#include <assert.h>
#include <string.h>

/* Every item is padded to this. */
static size_t padded(size_t length)
{
	return (length + 7) & ~(size_t)7;
}

/* Elements need not be whole bytes. */
static size_t data_length(const mach_msg_type_t *type)
{
	return ((size_t)type->msgt_number * type->msgt_size + 7) / 8;
}

/* Size of the data that follows a descriptor in the message. */
static size_t body_length(const mach_msg_type_t *type)
{
	return type->msgt_inline ? padded(data_length(type)) : sizeof(void *);
}

/* ---- requests ---------------------------------------------------------- */

void request_begin(struct request *request, mach_msg_header_t *header)
{
	request->header = header;
	request->at = (char *)(header + 1);
	request->end = (char *)header + header->msgh_size;
	request->bad = false;
}

static mach_msg_type_t *next_item(struct request *request, void **body)
{
	mach_msg_type_t *type = (mach_msg_type_t *)request->at;
	size_t left = (size_t)(request->end - request->at);
	if (request->bad || left < sizeof *type || body_length(type) > left - sizeof *type) {
		request->bad = true;
		return NULL;
	}
	*body = type + 1;
	request->at = (char *)*body + body_length(type);
	return type;
}

/* An inline item of COUNT elements of NAME and BITS; NULL when it is another. */
static void *scalar(struct request *request, unsigned name, unsigned bits, unsigned count)
{
	void *body = NULL;
	mach_msg_type_t *type = next_item(request, &body);
	if (!type)
		return NULL;
	if (type->msgt_name != name || type->msgt_size != bits || type->msgt_number != count || !type->msgt_inline) {
		request->bad = true;
		return NULL;
	}
	return body;
}

int request_int(struct request *request)
{
	int *value = scalar(request, MACH_MSG_TYPE_INTEGER_32, 32, 1);
	return value ? *value : 0;
}

uint64_t request_u64(struct request *request)
{
	uint64_t *value = scalar(request, MACH_MSG_TYPE_INTEGER_64, 64, 1);
	return value ? *value : 0;
}

void request_two_u64(struct request *request, uint64_t value[2])
{
	uint64_t *found = scalar(request, MACH_MSG_TYPE_INTEGER_64, 64, 2);
	value[0] = found ? found[0] : 0;
	value[1] = found ? found[1] : 0;
}

mach_port_t request_take_port(struct request *request)
{
	mach_port_name_inlined_t *item = scalar(request, MACH_MSG_TYPE_PORT_SEND, 64, 1);
	mach_port_t port = item ? item->name : MACH_PORT_NULL;
	if (item)
		item->name = MACH_PORT_NULL;
	return port == MACH_PORT_DEAD ? MACH_PORT_NULL : port;
}

struct request_data request_data(struct request *request)
{
	void *body = NULL;
	mach_msg_type_t *type = next_item(request, &body);
	if (!type || type->msgt_size != 8 || MACH_MSG_TYPE_PORT_ANY(type->msgt_name)) {
		request->bad = true;
		return (struct request_data){ 0 };
	}
	if (type->msgt_inline || !type->msgt_number)
		return (struct request_data){ .bytes = body, .length = type->msgt_number };
	return (struct request_data){ .bytes = *(void **)body, .length = type->msgt_number, .out_of_line = type };
}

size_t request_skip_array(struct request *request)
{
	void *body;
	mach_msg_type_t *type = next_item(request, &body);
	return type ? type->msgt_number : 0;
}

bool request_end(const struct request *request)
{
	return !request->bad && request->at == request->end;
}

void request_keep(struct request_data *data)
{
	/* An empty item is skipped when the body is discarded. */
	data->out_of_line->msgt_number = 0;
}

static void discard_right(mach_port_t port, unsigned type)
{
	/* In a message that was never sent, MAKE_SEND and the like are no rights yet. */
	if (port == MACH_PORT_NULL || port == MACH_PORT_DEAD || !MACH_MSG_TYPE_PORT_ANY_RIGHT(type))
		return;
	if (type == MACH_MSG_TYPE_PORT_RECEIVE)
		mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	else
		mach_port_deallocate(mach_task_self(), port);
}

static void discard_rights(const mach_msg_type_t *type, const void *ports)
{
	for (unsigned i = 0; i < type->msgt_number; i++)
		discard_right(type->msgt_inline ? ((const mach_port_name_inlined_t *)ports)[i].name :
				((const mach_port_t *)ports)[i], type->msgt_name);
}

void message_discard_body(mach_msg_header_t *header)
{
	if (!(header->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	struct request walk;
	request_begin(&walk, header);
	void *body;
	for (mach_msg_type_t *type; walk.at < walk.end && (type = next_item(&walk, &body)); ) {
		void *content = type->msgt_inline ? body : *(void **)body;
		if (MACH_MSG_TYPE_PORT_ANY(type->msgt_name))
			discard_rights(type, content);
		if (!type->msgt_inline && type->msgt_number)
			vm_deallocate(mach_task_self(), (vm_address_t)content, data_length(type));
	}
}

/* ---- replies ------------------------------------------------------------ */

static void *put(struct reply *reply, unsigned name, unsigned bits, size_t count, bool longform)
{
	mach_msg_type_t type = {
		.msgt_name = name & 0xff, .msgt_size = bits & 0xffff, .msgt_inline = 1,
		.msgt_longform = longform, .msgt_number = (mach_msg_type_number_t)count,
	};
	size_t length = body_length(&type);
	assert(reply->at + sizeof type + length <= reply->bytes + sizeof reply->bytes);
	memcpy(reply->at, &type, sizeof type);
	char *body = reply->at + sizeof type;
	if (length)
		memset(body + length - 8, 0, 8);	/* no old bytes in the padding */
	reply->at = body + length;
	return body;
}

void reply_begin(struct reply *reply, mach_port_t port, mach_msg_type_name_t port_type, mach_msg_id_t id)
{
	reply->header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(port_type, 0),
		.msgh_remote_port = port,
		.msgh_id = id,
	};
	reply->at = (char *)(&reply->header + 1);
	reply_int(reply, KERN_SUCCESS);		/* the return code, set by reply_finish */
}

void reply_int(struct reply *reply, int value)
{
	memcpy(put(reply, MACH_MSG_TYPE_INTEGER_32, 32, 1, false), &value, sizeof value);
}

void reply_u64(struct reply *reply, uint64_t value)
{
	reply_u64_array(reply, &value, 1);
}

void reply_u64_array(struct reply *reply, const void *values, unsigned count)
{
	memcpy(put(reply, MACH_MSG_TYPE_INTEGER_64, 64, count, false), values, count * sizeof(uint64_t));
}

void reply_string(struct reply *reply, const char *text)
{
	enum { hurd_string_bytes = 1024 };
	char *body = put(reply, MACH_MSG_TYPE_STRING_C, 8, hurd_string_bytes, false);
	memset(body, 0, hurd_string_bytes);
	strncpy(body, text, hurd_string_bytes - 1);
}

void reply_port(struct reply *reply, mach_port_t port, mach_msg_type_name_t type)
{
	mach_port_name_inlined_t *body = put(reply, type, 64, 1, false);
	body->name = port;
	reply->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
}

void reply_no_ports(struct reply *reply)
{
	put(reply, MACH_MSG_TYPE_COPY_SEND, 64, 0, true);
}

void *reply_inline(struct reply *reply, size_t length)
{
	assert(length <= message_inline_bytes_max);
	return put(reply, MACH_MSG_TYPE_CHAR, 8, length, true);
}

void reply_out_of_line(struct reply *reply, void *memory, size_t length)
{
	mach_msg_type_t type = {
		.msgt_name = MACH_MSG_TYPE_CHAR, .msgt_size = 8, .msgt_longform = 1,
		.msgt_deallocate = 1, .msgt_number = (mach_msg_type_number_t)length,
	};
	memcpy(reply->at, &type, sizeof type);
	memcpy(reply->at + sizeof type, &memory, sizeof memory);
	reply->at += sizeof type + sizeof memory;
	reply->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
}

void reply_finish(struct reply *reply, kern_return_t code)
{
	mig_reply_header_t *start = (mig_reply_header_t *)&reply->header;
	if (code != KERN_SUCCESS) {
		reply->at = (char *)(start + 1);
		reply->header.msgh_bits &= ~MACH_MSGH_BITS_COMPLEX;
	}
	start->RetCode = code;
	reply->header.msgh_size = (mach_msg_size_t)(reply->at - reply->bytes);
}

kern_return_t reply_send(struct reply *reply)
{
	kern_return_t error = mach_msg(&reply->header, MACH_SEND_MSG | MACH_SEND_TIMEOUT,
		reply->header.msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
	if (error)
		reply_discard(reply);
	return error;
}

void reply_discard(struct reply *reply)
{
	mach_port_t port = reply->header.msgh_remote_port;
	message_discard_body(&reply->header);
	if (port != MACH_PORT_NULL && port != MACH_PORT_DEAD)
		mach_port_deallocate(mach_task_self(), port);
}

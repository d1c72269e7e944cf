# SPDX-License-Identifier: GPL-2.0-or-later
# What tools/rpclist does with one interface.  Four inputs, told apart by `part':
# the preprocessed definitions, MIG's list, its user side (what is in a request) and
# its server side (what is in a reply).

function fail(text) { print "rpclist: " text >"/dev/stderr"; bad = 1; exit 1 }
function trim(s) { sub(/^[ \t\n]+/, "", s); sub(/[ \t\n]+$/, "", s); return s }

# --- definitions: types ------------------------------------------------------------

function product(s,    n, i, f, v) {
	n = split(s, f, "*"); v = 1
	for (i = 1; i <= n; i++) {
		f[i] = trim(f[i])
		if (f[i] !~ /^[0-9]+$/) return 0
		v *= f[i]
	}
	return v
}

function define(statement,    name, text, at) {
	sub(/^type[ \t\n]+/, "", statement)
	at = index(statement, "=")
	name = trim(substr(statement, 1, at - 1))
	text = substr(statement, at + 1)
	if (match(text, /[ \t\n](ctype|cusertype|cservertype|intran|intranpayload|outtran|destructor)[ \t\n]*:/))
		text = substr(text, 1, RSTART - 1)
	text = trim(text)
	if (text ~ /^struct[ \t\n]*\{/) {
		sub(/^struct[ \t\n]*\{/, "", text); sub(/\}[ \t\n]*$/, "", text)
		members[name] = text
	} else if (text ~ /^\^?[ \t]*(array|struct)[ \t]*\[/) {
		at = index(text, "]")
		count[name] = substr(text, index(text, "[") + 1, at - index(text, "[") - 1)
		text = substr(text, at + 1); sub(/^[ \t\n]*of[ \t\n]+/, "", text)
		element[name] = trim(text)
	} else if (text ~ /^[A-Za-z_][A-Za-z0-9_]*$/)
		alias[name] = text
}

part == "defs" {
	statement = statement $0 "\n"
	opened += gsub(/\{/, "{"); opened -= gsub(/\}/, "}")
	if (opened == 0)
		while ((semicolon = last_of_type(statement)) > 0) {
			one = trim(substr(statement, 1, semicolon - 1))
			statement = substr(statement, semicolon + 1)
			if (one ~ /^type[ \t\n]/) define(one)
		}
	next
}
# The semicolon that ends the first statement: the first one outside braces.
function last_of_type(s,    open, close_, semi) {
	semi = index(s, ";"); open = index(s, "{")
	if (!open || semi < open) return semi
	close_ = index(s, "}")
	semi = index(substr(s, close_), ";")
	return semi ? close_ + semi - 1 : 0
}

# --- what MIG made -----------------------------------------------------------------

part == "ids" { line[++routines] = $0; known[$3] = 1; if (NF != 6) fail("not a list: " $0); next }

/^\/\* (Simple)?Routine [A-Za-z_0-9]+ \*\/$/ { routine = $3; side = ""; type = ""; next }
/^\ttypedef struct \{/ { side = "open"; n = 0; next }
side == "open" && /^\t\} (Request|Reply);/ {
	side = ""; which = $2 == "Request;" ? "in" : "out"
	if ((which == "in") == (part == "user")) {
		items[routine, which] = n
		for (i = 1; i <= n; i++) {
			item[routine, which, i] = names[i]
			ctype[routine, which, i] = ctypes[i]
			varies[routine, which, i] = unions[i]
		}
	}
	next
}
side == "open" && /mach_msg_type(_long)?_t [A-Za-z_0-9]+Type;/ {
	names[++n] = substr($2, 1, length($2) - 5); ctypes[n] = ""; unions[n] = /_long_t/ ? 1 : 0
	next
}
side == "open" && /^\t\tunion \{/ { unions[n] = 1; next }
side == "open" && n && ctypes[n] == "" && !/\}/ {
	text = $0; sub(/^[ \t]+/, "", text); sub(/^const /, "", text); sub(/[ ;*].*/, "", text)
	ctypes[n] = text; next
}
/^\tconst mach_msg_type(_long)?_t [A-Za-z_0-9]+Type = \{/ {
	type = substr($3, 1, length($3) - 4); what = part == "user" ? "in" : "out"; next
}
type != "" && /\.msgt_name =/ { text = $NF; sub(/^MACH_MSG_TYPE_/, "", text); sub(/,$/, "", text)
	msgt_name[routine, what, type] = text; next }
type != "" && /\.msgt_size =/ { msgt_size[routine, what, type] = $NF + 0; next }
type != "" && /\.msgt_number =/ { msgt_number[routine, what, type] = $NF + 0; next }
/^\t\};/ { type = "" }

# --- kinds -------------------------------------------------------------------------

# The number that a defined type is, as a list writes it; "" when it is none.
function number_kind(t, argument, bits,    base, steps) {
	for (steps = 0; steps < 32; steps++) {
		if (t == "kern_return_t") return bits == 32 ? "error" : ""
		if (t == "vm_prot_t") return bits == 32 ? "prot" : ""
		if (t == "boolean_t") return bits == 32 ? "bool" : ""
		if (t == "mach_port_name_t") return bits == 32 ? "name" : ""
		if (t == "mode_t") return bits == 32 ? "o32" : ""
		if (t ~ /^(vm_address_t|vm_offset_t|rpc_vm_offset_t|rpc_phys_addr_t)$/) return "x" bits
		if (t ~ /^(uint[0-9]+_t|unsigned|uintptr_t)$/) return sign("u", argument, bits)
		if (t ~ /^(int[0-9]*_t|int|short|char)$/) return sign("i", argument, bits)
		if (!(t in alias)) return ""
		t = alias[t]
	}
	return ""
}
function sign(letter, argument, bits) {
	return (argument ~ /(flags|flag|bits|mask)$/ ? "x" : letter) bits
}

function unalias(t,    steps) {
	for (steps = 0; steps < 32 && (t in alias) && !(t in members) && !(t in element); steps++)
		t = alias[t]
	return t
}

# Width of a defined type in bits; 0 when not known.
function width(t,    steps) {
	for (steps = 0; steps < 32; steps++) {
		if (t ~ /^(int|unsigned|boolean_t|uint32_t|int32_t)$/ || t == "MACH_MSG_TYPE_INTEGER_32" || t == "MACH_MSG_TYPE_PORT_NAME") return 32
		if (t ~ /^(u?int64_t|uintptr_t)$/ || t == "MACH_MSG_TYPE_INTEGER_64") return 64
		if (t == "short" || t ~ /^u?int16_t$/) return 16
		if (t == "char" || t ~ /^u?int8_t$/) return 8
		if (!(t in alias)) return 0
		t = alias[t]
	}
	return 0
}

# One member or element of the defined type T.
function member_kind(t, name,    k) {
	t = unalias_to_shape(t)
	if (t in members) { shape(t); return "{" t "}" }
	if (t in element) {
		if (product(count[t]) == 0) return ""
		k = member_kind(element[t], name)
		return k == "" ? "" : k "[" product(count[t]) "]"
	}
	if (t == "char") return "char"
	return width(t) ? number_kind(t, name, width(t)) : ""
}
function unalias_to_shape(t,    u) { u = unalias(t); return ((u in members) || (u in element)) ? u : t }

# The size of a defined type in bytes, and its alignment in `aligned'.
function bytes_of(t,    u, n, f, i, m, total, most, b) {
	u = unalias_to_shape(t)
	if (u in members) {
		n = split(members[u], f, ";"); most = 1; total = 0
		for (i = 1; i < n; i++) {
			m = trim(f[i]); sub(/[ \t\n]+[A-Za-z_0-9]+$/, "", m)
			b = bytes_of(trim(m)); if (!b) return 0
			if (aligned > most) most = aligned
			total = int((total + aligned - 1) / aligned) * aligned + b
		}
		aligned = most
		return int((total + most - 1) / most) * most
	}
	if (u in element) { b = bytes_of(element[u]); return b * product(count[u]) }
	aligned = width(u) / 8
	return aligned
}

# Writes the line of structure T once, those inside it first.
function shape(t,    n, f, i, m, name, k, text) {
	if (t in written) return
	written[t] = 1
	n = split(members[t], f, ";"); text = ""
	for (i = 1; i < n; i++) {
		m = trim(f[i]); match(m, /[A-Za-z_0-9]+$/)
		name = substr(m, RSTART); m = trim(substr(m, 1, RSTART - 1))
		k = member_kind(m, name)
		if (k == "") fail("structure " t ": no kind for " m " " name)
		text = text (i > 1 ? ", " : "") name ": " k
	}
	print "struct " t " " bytes_of(t) " (" text ")"
}

function argument(r, what, i,    name, c, t, bits, number, k, u, size, many) {
	name = item[r, what, i]; c = ctype[r, what, i]
	if (!((r, what, name) in msgt_name)) return name ": any"
	t = msgt_name[r, what, name]; bits = msgt_size[r, what, name]
	number = msgt_number[r, what, name]; many = varies[r, what, i]
	u = unalias_to_shape(c)
	if (t == "STRING_C" || t == "STRING") return name ": string"
	if (t ~ /^(MOVE|COPY|MAKE|PORT)_(RECEIVE|SEND|SEND_ONCE)$/ || t == "POLYMORPHIC") k = "port"
	else if (t == "PORT_NAME") k = "name"
	else if (t == "CHAR") k = "char"
	else if (t == "BYTE" || t == "INTEGER_8") k = "data"
	else if (t == "BOOLEAN") k = "bool"
	else if (t == "REAL") k = "real"
	else if (t ~ /^INTEGER_/) {
		if (u in element) { if (!many && product(count[u])) many = 2; u = unalias_to_shape(element[u]) }
		if (u in members) {
			size = bytes_of(u)
			if (!size) fail(r ": size of " u)
			shape(u); k = "{" u "}"
			number = number * bits / (8 * size)
			if (number != int(number)) fail(r ": " name " is not a whole number of " u)
		} else {
			k = width(u) == bits ? number_kind(u, name, bits) : ""
			if (k == "") k = sign("i", name, bits)
		}
	} else k = "any"
	if (many == 1) return name ": " k "[]"
	return name ": " k (number > 1 || many ? "[" number "]" : "")
}

function arguments(r, what, first,    i, text) {
	for (i = first; i <= items[r, what]; i++)
		text = text (i > first ? ", " : "") argument(r, what, i)
	return "(" text ")"
}

END {
	if (bad) exit 1
	for (l = 1; l <= routines; l++) {
		split(line[l], f, " "); r = f[3]
		if (!((r, "in") in items)) fail("no request of " r)
		text = line[l] " " arguments(r, "in", 1)
		if (f[6] != 0) {
			if (item[r, "out", 1] != "RetCode") fail("no return code in the reply of " r)
			text = text " " arguments(r, "out", 2)
		}
		print text
	}
}

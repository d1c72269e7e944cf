-- SPDX-License-Identifier: GPL-2.0-or-later
-- The words of a text, counted; its checksum; its longest lines.
local counts, words, lines, a, b, bytes = {}, {}, {}, 1, 0, 0
for line in assert(io.open(arg[1])):lines("L") do
  bytes = bytes + #line
  lines[#lines + 1] = line
  for word in line:gmatch("[%a_][%w_]*") do
    if not counts[word] then words[#words + 1] = word end
    counts[word] = (counts[word] or 0) + 1
  end
  for i = 1, #line do
    a = (a + line:byte(i)) % 65521
    b = (b + a) % 65521
  end
end
table.sort(words, function(x, y)
  if counts[x] ~= counts[y] then return counts[x] > counts[y] end
  return x < y
end)
table.sort(lines, function(x, y)
  if #x ~= #y then return #x > #y end
  return x < y
end)
print(bytes, #lines, #words, string.format("%08x", b << 16 | a))
for i = 1, 15 do print(words[i], counts[words[i]]) end
for i = 1, 3 do io.write(lines[i]) end

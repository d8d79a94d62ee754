# Applies what an .edit file says about one source file: awk -v name=REGRESSION -v target=FILE -f THIS X.edit SOURCE.
# "after: LINE" or "before: LINE" names an anchor by its text, "in: TEXT" the beginning of a line after which it is looked
# for; the tabbed lines that follow go there.
function trimmed(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }

function fail(sentence) { print name ": " sentence > "/dev/stderr"; failed = 1; exit 1 }

FNR == NR && /^file: / { meant = substr($0, 7) == target }
FNR == NR && /^(after|before): / && meant { where[++edits] = $1; anchor[edits] = trimmed(substr($0, index($0, " "))) }
FNR == NR && /^in: / && meant { scope[edits] = substr($0, 5) }
FNR == NR && /^\t/ && meant { gsub(/broken\(/, "broken(\"" name "\", "); body[edits] = body[edits] $0 "\n" }
FNR == NR { next }
{ line[++lines] = $0 }

END {
  if (failed) exit 1
  for (k = 1; k <= edits; k++) {
    first = 1
    while (scope[k] != "" && first <= lines && index(line[first], scope[k]) != 1) first++
    for (found = first; found <= lines && trimmed(line[found]) != anchor[k]; found++);
    if (found > lines) fail("the anchor is not there: " anchor[k])
    for (next_one = found + 1; scope[k] == "" && next_one <= lines; next_one++)
      if (trimmed(line[next_one]) == anchor[k]) fail("the anchor is there twice, say in which function: " anchor[k])
    if (where[k] == "before:") above[found] = above[found] body[k]
    else below[found] = below[found] body[k]
  }
  for (i = 1; i <= lines; i++) printf "%s%s\n%s", above[i], line[i], below[i]
}

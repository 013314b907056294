# Prints the targets of a Makefile with the text behind their `##`, under the headings of its `##@` lines.
BEGIN { FS = ":.*## "; print "make TARGET, where TARGET is one of" }
/^##@ / { printf "\n%s\n", substr($0, 5) }
/^[a-z-]+:.*## / { printf "  %-18s %s\n", $1, $2 }

package manual

import (
	"strings"

	"github.com/alecthomas/kong"
)

// Candidate is a word that may come next, and what it means ("" = itself).
type Candidate struct{ Word, Help string }

// Files stands for names of files: the shell knows them best.
const Files = ":files"

// Complete lists what may stand in the place of the last of words, the command
// line behind the program's name. live knows the values of an argument by its
// name, such as group, given the arguments before it; nil: nobody does.
func Complete(app *kong.Application, words []string, live func(argument string, before []string) []string) []Candidate {
	if len(words) == 0 {
		words = []string{""}
	}
	current := words[len(words)-1]
	at := follow(app.Node, words[:len(words)-1])
	var all []Candidate
	switch {
	case at.flag != nil:
		all = values(at.flag.Value)
		if at.flag.PlaceHolder == "FILE" {
			return []Candidate{{Word: Files}}
		}
	case strings.HasPrefix(current, "-") && !at.literal:
		all = flagWords(at.node)
	case len(at.node.Children) > 0:
		for _, child := range at.node.Children {
			if !child.Hidden {
				all = append(all, Candidate{child.Name, firstSentence(child.Help)})
			}
		}
	default:
		all = argument(at, live)
	}
	var fit []Candidate
	for _, c := range all {
		if strings.HasPrefix(c.Word, current) {
			fit = append(fit, c)
		}
	}
	return fit
}

// place is where a command line has got to.
type place struct {
	node      *kong.Node
	flag      *kong.Flag // whose value comes next
	arguments []string   // of node, so far
	literal   bool       // behind --
}

func follow(node *kong.Node, words []string) place {
	at := place{node: node}
	for _, word := range words {
		switch {
		case at.flag != nil:
			at.flag = nil
		case word == "--":
			at.literal = true
		case strings.HasPrefix(word, "-") && !at.literal:
			at.flag = flagNamed(at.node, strings.TrimLeft(word, "-"))
		default:
			if child := childNamed(at.node, word); child != nil {
				at.node = child
			} else {
				at.arguments = append(at.arguments, word)
			}
		}
	}
	return at
}

// flagNamed returns the flag if its value is a word of its own.
func flagNamed(node *kong.Node, name string) *kong.Flag {
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			if f.Name == name && !f.IsBool() {
				return f
			}
		}
	}
	return nil
}

func childNamed(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

func flagWords(node *kong.Node) (all []Candidate) {
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			all = append(all, Candidate{"--" + f.Name, firstSentence(f.Help)})
			if f.Tag.Negatable != "" {
				all = append(all, Candidate{"--no-" + f.Name, firstSentence(f.Help)})
			}
		}
	}
	return all
}

// values are those that the command line's model names.
func values(v *kong.Value) (all []Candidate) {
	if v.Enum == "" {
		return nil
	}
	for _, word := range v.EnumSlice() {
		all = append(all, Candidate{Word: word})
	}
	return all
}

func argument(at place, live func(string, []string) []string) (all []Candidate) {
	n := len(at.arguments)
	if n >= len(at.node.Positional) {
		return nil
	}
	v := at.node.Positional[n]
	if all = values(v); all != nil || live == nil {
		return all
	}
	for _, word := range live(v.Name, at.arguments) {
		all = append(all, Candidate{Word: word})
	}
	return all
}

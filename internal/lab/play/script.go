package play

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Script is a play that has been read.
type Script struct {
	Name  string // such as `subscribe.play`
	Title string // the first comment: what it shows
	steps []step
	Real  bool     // it needs what the fake server has not: PEP, blocking
	users []string // who need accounts
	life  bool     // it stops or kills the server
}

// step is one line with its block.
type step struct {
	line int
	text string
	do   action
}

// action does a step.
type action func(ctx context.Context, p *performance) error

// source is a step before it is understood.
type source struct {
	line        int
	text, block string
}

// Parse reads a play. Errors say `name:line`.
func Parse(name string, r io.Reader) (*Script, error) {
	s := &Script{Name: name}
	sources, err := s.split(r)
	if err != nil {
		return nil, fmt.Errorf("read play %s: %w", name, err)
	}
	for _, src := range sources {
		do, err := s.understand(src)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %q: %w", name, src.line, src.text, err)
		}
		s.steps = append(s.steps, step{src.line, src.text, do})
	}
	return s, nil
}

// AffectsServer says whether the play ends the server, so that no other play
// may use it meanwhile.
func (s *Script) AffectsServer() bool { return s.life }

// split gathers steps with their blocks.
func (s *Script) split(r io.Reader) ([]source, error) {
	var sources []source
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), " \t\r")
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		switch {
		case line == "":
		case line[0] == '#':
			if s.Title == "" {
				s.Title = strings.TrimSpace(line[1:])
			}
		case indented && len(sources) == 0:
			return nil, fmt.Errorf("%d: a block before any step", n)
		case indented:
			sources[len(sources)-1].block += line + "\n"
		default:
			sources = append(sources, source{line: n, text: line})
		}
	}
	return sources, lines.Err()
}

// directive is one form of line.
type directive struct {
	form  string // regular expression of the whole line
	block bool   // must have one
	loose bool   // may have one
	read  func(s *Script, words []string, block string) (action, error)
}

func (s *Script) understand(src source) (action, error) {
	for _, d := range directives() {
		m := regexp.MustCompile("^(?:" + d.form + ")$").FindStringSubmatch(src.text)
		switch {
		case m == nil:
		case d.block && src.block == "":
			return nil, fmt.Errorf("needs a block")
		case !d.block && !d.loose && src.block != "":
			return nil, fmt.Errorf("takes no block")
		default:
			return d.read(s, m[1:], src.block)
		}
	}
	return nil, fmt.Errorf("is no step of a play; see the package's documentation")
}

// needs notes that user must have an account.
func (s *Script) needs(user string) {
	user, _, _ = strings.Cut(user, "/")
	if !slices.Contains(s.users, user) {
		s.users = append(s.users, user)
	}
}

// splitWords splits a command line as a shell does, quotes included.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	quote, inside := rune(0), false
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '"' || c == '\'':
			quote, inside = c, true
		case c == ' ' || c == '\t':
			if inside {
				words = append(words, word.String())
			}
			word.Reset()
			inside = false
		default:
			word.WriteRune(c)
			inside = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("quote is not closed")
	}
	if inside {
		words = append(words, word.String())
	}
	return words, nil
}

// Command picture makes an SVG of what a terminal shows: it reads lines with
// SGR escapes from stdin and writes the picture to stdout. The README's was
// made with
//
//	tmux -u new-session -d -s demo -x 80 -y 24 bin/rollcall demo
//	tmux capture-pane -t demo -e -p | go run ./cmd/internal/demo/picture -title "make demo" > docs/demo.svg
//
// Every run of text stands at its own column, and the shapes that fonts draw
// in many sizes are drawn here, so that it looks the same everywhere.
package main

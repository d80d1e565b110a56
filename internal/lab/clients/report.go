package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// stepTime bounds one step, on a slow machine.
const stepTime = 20 * time.Second

// errStep is what a step that went wrong ends its act with: it has been told.
var errStep = errors.New("a step went wrong")

// report says what was done, one line for each step, and counts what failed.
type report struct {
	out           io.Writer
	passed, wrong int
}

// act is a person's way through one client.
type act struct {
	*report
	name    string
	world   *world
	gallery *gallery
	npm     string // directory of what npm has installed
}

// step does one thing and says so. It returns errStep if that went wrong.
func (a *act) step(ctx context.Context, what string, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	began := time.Now()
	err := do(ctx)
	took := time.Since(began)
	if err != nil {
		a.wrong++
		fmt.Fprintf(a.out, "FAIL  %s: %s (%.1f s): %v\n", a.name, what, took.Seconds(), err)
		return errStep
	}
	a.passed++
	fmt.Fprintf(a.out, "ok    %s: %s (%.1f s)\n", a.name, what, took.Seconds())
	return nil
}

// scene is one step of an act.
type scene struct {
	what string
	do   func(ctx context.Context) error
}

// play does the scenes one after the other until one goes wrong.
func (a *act) play(ctx context.Context, scenes []scene) error {
	for _, s := range scenes {
		if err := a.step(ctx, s.what, s.do); err != nil {
			return err
		}
	}
	return nil
}

// Package discreet keeps the names of users out of logs.
//
// A log is read by whoever runs the machine, is sent elsewhere and kept for
// years: from info on it names no user. Errors do, for who gets them as an answer
// has to know whom they are about. So what logs them passes a [Handler], which
// writes …@example.org for alice@example.org in whatever a line says. The
// addresses of our own groups stay.
//
// At debug a line says what it was given: that is what debug is for.
package discreet

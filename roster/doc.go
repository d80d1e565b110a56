// Package roster knows who is in each group, who is there, what changed since
// when, and who watches.
package roster

// Package greet says good day.
package greet

// Hello greets somebody.
func Hello(name string) string { return "Good day, " + name + "!" }

// Package greeting holds words.
package greeting

// Of greets name.
func Of(name string) string {
	return "Good day, " + name + "!"
}

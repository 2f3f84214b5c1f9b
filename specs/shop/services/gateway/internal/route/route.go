// Package route says which service answers.
package route

import "strings"

//go:generate go run example.com/shop/gateway/cmd/routes

// Answer names the service for a path.
func Answer(path string) string {
	first := strings.SplitN(path, "/", 2)[0]
	if service, ok := services[first]; ok {
		return service
	}
	return "no such service"
}

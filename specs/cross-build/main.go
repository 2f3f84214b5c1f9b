// Command which says what it was built for.
package main

import (
	"fmt"
	"runtime"
)

var version = "none"

func main() { fmt.Println(runtime.GOOS, runtime.GOARCH, version) }

// The service: it greets whom it is told to.
package main

import (
	"fmt"
	"os"

	"example.com/shop/greet"
)

func main() {
	for _, name := range os.Args[1:] {
		fmt.Println(greet.Hello(name))
	}
}

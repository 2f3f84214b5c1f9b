// Greets whoever is named.
package main

import (
	"fmt"
	"os"

	"example.com/greet/greeting"
)

func main() {
	fmt.Println(greeting.Of(os.Args[1]))
}

// Command hello serves a greeting, or checks that one is served.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/user"
)

func main() {
	address := os.Getenv("ADDRESS")
	if len(os.Args) > 1 && os.Args[1] == "check" {
		answer, err := http.Get("http://" + address)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
			log.Fatal(err)
		}
		return
	}
	me, err := user.Current()
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "hello from %s\n", me.Username) })
	log.Fatal(http.ListenAndServe(address, nil))
}

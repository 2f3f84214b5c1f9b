// Command api answers with the time in words.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"example.com/api/internal/clock"
)

func main() {
	check := flag.Bool("check", false, "ask the running service instead of being one")
	flag.Parse()
	listen := os.Getenv("LISTEN")
	if *check {
		answer, err := http.Get("http://127.0.0.1:" + strings.TrimPrefix(listen, ":") + "/healthz")
		if err != nil || answer.StatusCode != http.StatusOK {
			os.Exit(1)
		}
		return
	}
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		now := time.Now().UTC()
		fmt.Fprintf(w, "It is %s.\n", clock.Words(now.Hour(), now.Minute()))
	})
	log.Fatal(http.ListenAndServe(listen, nil))
}

// Command service is the gateway of the shop.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"example.com/shop/gateway/internal/route"
)

func main() {
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, route.Answer(r.URL.Path[1:])) })
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}

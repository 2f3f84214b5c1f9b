// Command service is the ledger of the shop.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"example.com/shop/ledger/internal/book"
)

func main() {
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, book.Answer(r.URL.Path[1:])) })
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}

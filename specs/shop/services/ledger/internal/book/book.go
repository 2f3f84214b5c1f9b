// Package book keeps the accounts.
package book

// Answer tells the balance of an account.
func Answer(account string) string {
	return "the balance of " + account + " is 0 EUR"
}

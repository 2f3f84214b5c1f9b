// Package parcel knows where parcels are.
package parcel

// Answer tells where a parcel is.
func Answer(number string) string {
	return "parcel " + number + " is on its way"
}

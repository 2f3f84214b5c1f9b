// Package clock tells the time in words.
package clock

import "fmt"

// Words says hour and minute as a person would.
func Words(hour, minute int) string {
	if minute == 0 {
		return fmt.Sprintf("%d o'clock", hour)
	}
	return fmt.Sprintf("%d past %d", minute, hour)
}

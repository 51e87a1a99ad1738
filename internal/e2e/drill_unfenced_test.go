//go:build unix

package e2e

func zombieUnfenced(d *drill) {}
func chaos(d *drill)          {}

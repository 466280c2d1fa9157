package install

// lag is how far a host's records came out of order.
type lag struct {
	most, before int64 // now, and in the time before
	since        int64 // when now began
}

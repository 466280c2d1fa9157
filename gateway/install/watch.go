package install

// watched is a decided event, whose context is told again when it changes.
type watched struct {
	at      Position
	context Context        // as last told
	since   int64          // the host's clock when it was told
	subject *process       // whom it is about
	record  *installRecord // which of MsiInstaller's it is
	changes int            // how often it was told again
	looked  uint64         // the host's count of changes when it was last looked at
	// frozen: what the host has forgotten since would show as a change. Then its
	// context stays what it was before: as told, or where that differs, untold.
	frozen bool
	untold *Context
}

// stirred counts what could change a watched event's context.
type stirred struct {
	count    uint64 // of all changes
	sessions uint64 // count when sessions last changed
	all      uint64 // count when something changed that may concern any event
	looked   uint64 // count when the watched events were last looked through
	// wanted are PIDs of processes that are named, and not known yet.
	wanted map[uint32]struct{}
}

package msi

// Bounds. A file that goes beyond one is refused with an error that says so;
// real packages stay far below.
const (
	maxStructure  = 16 << 20  // bytes of directory and allocation tables that opening may read
	maxTable      = 32 << 20  // bytes of one table's stream, and of the string data
	maxRows       = 1 << 16   // rows of a table that is told row by row
	maxColumns    = 1 << 16   // columns of all tables together
	maxText       = 64 << 20  // bytes of text that one report may take from the tables
	maxScript     = 4 << 20   // bytes of one script that is read through
	maxSignature  = 128 << 10 // bytes of the signature's stream
	maxRSA        = 16384     // bits of a signer's RSA key: verifying with a longer one takes minutes
	maxCabinets   = 256       // cabinets that are opened
	maxUnpacked   = 2 << 30   // bytes that all cabinets together may unpack to
	maxSummary    = 1 << 20   // bytes of the summary information
	readChunk     = 32 << 10  // mscfb's cost of one read grows with the square of its sectors
	maxPatternRun = 64 << 10  // bytes of one text that is searched for what is suspicious
)

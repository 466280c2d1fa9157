package event

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// installer reads a record of MsiInstaller, a classic provider: its facts are
// numbered, and the product's code is in the record's binary data.
//
//	1033 1034 1035  name, version, language, status, manufacturer
//	1036            name, version, language, update, status, manufacturer
//	1040 1042       package, client's process id
//	11707 …         one sentence, "Product: NAME -- Installation completed successfully."
func (r *reading) installer() {
	i := &r.event.Installer
	switch r.event.EventID {
	case 1033, 1034, 1035, 1036:
		r.event.Kind = KindInstall
		status, manufacturer := 4, 5
		if r.event.EventID == 1036 {
			status, manufacturer = 5, 6
		}
		i.Product = r.param("event.install.product", 1)
		i.Version = r.param("event.install.version", 2)
		i.Language = r.param("event.install.language", 3)
		i.Status = r.param("event.install.status", status)
		i.Manufacturer = r.param("event.install.manufacturer", manufacturer)
		if i.Product == "" {
			r.installerSentences()
		}
	case 1040, 1042:
		r.event.Kind = KindInstall
		i.Package = r.normalise(r.param("event.install.package", 1))
		i.ClientPID = parsePID(r.record.param(2))
		if i.Package == "" {
			r.installerTransaction()
		}
	case 11707, 11708, 11724:
		r.event.Kind = KindInstall
		sentence := r.param("event.install.product", 1)
		if sentence == "" {
			sentence = r.present("event.install.product", r.record.message)
		}
		i.Product = productOf(sentence)
	default:
		return
	}
	i.ProductCode = productCode(r.record.get("Binary"))
}

func (r *reading) param(fact string, n int) string { return r.present(fact, r.record.param(n)) }

// productOf takes the name out of "Product: NAME -- what happened.". The word
// before the colon is in the language of Windows.
func productOf(sentence string) string {
	end := strings.LastIndex(sentence, " -- ")
	if end < 0 {
		return ""
	}
	_, name, found := strings.Cut(sentence[:end], ":")
	if !found {
		return ""
	}
	return strings.TrimSpace(name)
}

// installerTransaction reads 1040 and 1042 from the rendered (English) text
// where the shipper kept nothing else: "Beginning a Windows Installer
// transaction: PACKAGE. Client Process Id: 4256.". The package is cut at the
// last label, since a path may hold the label itself.
func (r *reading) installerTransaction() {
	text := r.present("event.install.package", r.record.message)
	_, rest, found := strings.Cut(text, "transaction: ")
	if !found {
		return
	}
	const label = ". Client Process Id: "
	cut := strings.LastIndex(rest, label)
	if cut < 0 {
		return
	}
	r.event.Installer.Package = r.normalise(rest[:cut])
	pid := strings.TrimRight(strings.TrimSpace(rest[cut+len(label):]), ".")
	r.event.Installer.ClientPID = parsePID(textValue(pid))
}

// installerSentences reads 1033 to 1036 from the rendered (English) text where
// the shipper kept nothing else. The publisher chooses the name and the
// manufacturer, so a label that occurs twice makes the text ambiguous, and
// nothing is taken from it.
func (r *reading) installerSentences() {
	text := r.present("event.install.product", r.record.message)
	const product, version, language, manufacturer = "Product Name: ", ". Product Version: ", ". Product Language: ", ". Manufacturer: "
	labels := []string{product, version, language, manufacturer, "error status: "}
	for _, label := range labels {
		if strings.Count(text, label) != 1 {
			return
		}
	}
	between := func(from, to string) string {
		_, rest, _ := strings.Cut(text, from)
		fact, _, found := strings.Cut(rest, to)
		if !found || absent(fact) {
			return ""
		}
		return fact
	}
	i := &r.event.Installer
	i.Product = between(product, version)
	i.Version = between(version, language)
	i.Language = between(language, manufacturer)
	for _, next := range [...]string{". Update Name: ", ". Installation success", ". Removal success", ". Reconfiguration success"} {
		if i.Manufacturer == "" {
			i.Manufacturer = between(manufacturer, next)
		}
	}
	_, status, _ := strings.Cut(text, "error status: ")
	i.Status = strings.TrimRight(strings.TrimSpace(status), ".")
}

// productCode reads the ProductCode from a record's binary data, which begins
// with it in ASCII: shippers write the bytes as hex or as base64.
func productCode(binary value) string {
	s := strings.TrimSpace(binary.string())
	if absent(s) {
		return ""
	}
	bytes, err := hex.DecodeString(s)
	if err != nil {
		if bytes, err = base64.StdEncoding.DecodeString(s); err != nil {
			return ""
		}
	}
	const length = len("{00000000-0000-0000-0000-000000000000}")
	if len(bytes) < length || bytes[0] != '{' || bytes[length-1] != '}' {
		return ""
	}
	guid := parseGUID(string(bytes[:length]))
	if guid == "" {
		return ""
	}
	return "{" + strings.ToUpper(guid) + "}"
}

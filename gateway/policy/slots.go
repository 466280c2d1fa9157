package policy

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/util"
)

// FactKind is a kind of fact that an entry of the governance data rests on.
type FactKind string

// The kinds of fact that can be put into a canary. The first three are strong,
// the others situational.
const (
	FactSHA256 FactKind = "sha256"
	FactSHA1   FactKind = "sha1"
	FactSigner FactKind = "signer"
	FactTool   FactKind = "deployment_tool"
	FactSource FactKind = "source"
	FactChange FactKind = "change_window" // open, for a group of the host, and of whatever package the canary installs
)

var (
	strongKinds = []FactKind{FactSHA256, FactSHA1, FactSigner}
	factKinds   = append(slices.Clone(strongKinds), FactTool, FactSource, FactChange)
)

// slots are the names a canary can use, and what is put there.
//
//	host        the computer's name
//	user        who started the install, DOMAIN\name
//	tool        the program above the client of Windows Installer, by full path
//	package     the package that the client installs
//	sha256      of the file that the last message is about
//	sha1        of the same; a certificate record tells its signer
//	signer, issuer, thumbprint   of that record
//	company, product             what the file of the last message claims
var slots = []string{"host", "user", "tool", "package", "sha256", "sha1", "signer", "issuer", "thumbprint", "company", "product"}

// part is a piece of a message: text as it stands, or a slot with its default.
type part struct {
	text string // of a slot: its default, as it stands in the message
	slot string // "" for text
}

var slotPattern = regexp.MustCompile(`\{\{([a-z0-9]+)\|([^{}|]*)\}\}`)

func parseSlots(text string) ([]part, error) {
	var parts []part
	from := 0
	for _, at := range slotPattern.FindAllStringSubmatchIndex(text, -1) {
		name := text[at[2]:at[3]]
		if !slices.Contains(slots, name) {
			return nil, fmt.Errorf("there is no slot %s; the slots are %s", name, strings.Join(slots, ", "))
		}
		parts = append(parts, part{text: text[from:at[0]]}, part{slot: name, text: text[at[4]:at[5]]})
		from = at[1]
	}
	rest := text[from:]
	if at := strings.Index(rest, "{{"); at >= 0 {
		// JSON that opens two objects at once would have no key for the second.
		return nil, fmt.Errorf("what stands at %.40q is no slot: it is written {{name|default}}", rest[at:])
	}
	return append(parts, part{text: rest}), nil
}

// fill puts values into a message. They are escaped as text of JSON, or of XML
// where the message is XML.
func fill(parts []part, values map[string]string) string {
	escape := jsonText
	if len(parts) > 0 && strings.HasPrefix(strings.TrimSpace(parts[0].text), "<") {
		escape = xmlText.Replace
	}
	var b strings.Builder
	for _, p := range parts {
		if value, put := values[p.slot]; put && p.slot != "" {
			b.WriteString(escape(value))
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

func jsonText(value string) string {
	quoted, _ := json.Marshal(value) // a string can always be written
	return string(quoted[1 : len(quoted)-1])
}

var xmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")

// deploymentYAML is what is sent before a canary that takes a scope: an install
// as an entry's facts describe it, still running when the canary begins. It is
// the binary's, so that no bundle decides how its own entries are tried.
//
//go:embed deployment.yaml
var deploymentYAML []byte

type deployment struct {
	Tool        string `json:"tool"`
	Client      string `json:"client"`      // not sent where the canary has a client of its own below the tool
	Certificate string `json:"certificate"` // sent where there is a signer
	Written     string `json:"written"`     // the package, sent where there is a hash
	Hashed      string `json:"hashed"`      // the same

	tool, client, certificate, written, hashed []part
}

var readDeployment = sync.OnceValues(func() (deployment, error) {
	var d deployment
	if err := util.Unmarshal(deploymentYAML, &d); err != nil {
		return d, fmt.Errorf("read the deployment that canaries are put into: %w", err)
	}
	for _, message := range []struct {
		text string
		into *[]part
	}{{d.Tool, &d.tool}, {d.Client, &d.client}, {d.Certificate, &d.certificate}, {d.Written, &d.written}, {d.Hashed, &d.hashed}} {
		parts, err := parseSlots(message.text)
		if err != nil {
			return d, fmt.Errorf("read the deployment that canaries are put into: %w", err)
		}
		*message.into = parts
	}
	return d, nil
})

// hasClient tells whether the canary has a client of its own below the tool.
func (c *Canary) hasClient() bool {
	return slices.ContainsFunc(c.templates, func(parts []part) bool {
		return slices.ContainsFunc(parts, func(p part) bool { return p.slot == "tool" })
	})
}

// On gives the canary's messages with a host's name put in.
func (c *Canary) On(host string) []string {
	messages := make([]string, len(c.templates))
	for i, parts := range c.templates {
		messages[i] = fill(parts, map[string]string{"host": host})
	}
	return messages
}

// Fill is the canary with a scope put in: the install that the scope describes,
// then the canary's own messages. ok is false where the scope leaves nothing to
// put in, because all that it has lowers the canary by itself.
func (c *Canary) Fill(s Filling) (messages []string, ok bool, err error) {
	d, err := readDeployment()
	if err != nil {
		return nil, false, err
	}
	values := s.values(c.LoweredBy)
	if values == nil {
		return nil, false, nil
	}
	messages = append(messages, fill(d.tool, values))
	if _, hashed := values["sha256"]; hashed {
		messages = append(messages, fill(d.written, values), fill(d.hashed, values))
	}
	if !c.hasClient() {
		messages = append(messages, fill(d.client, values))
	}
	if _, signed := values["signer"]; signed {
		messages = append(messages, fill(d.certificate, values))
	}
	for _, parts := range c.templates {
		messages = append(messages, fill(parts, values))
	}
	return messages, true, nil
}

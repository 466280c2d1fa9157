package event

import (
	"fmt"
	"strings"
	"testing"
)

func TestProductOf(t *testing.T) {
	for sentence, want := range map[string]string{
		"Product: Contoso Reader -- Installation completed successfully.":    "Contoso Reader",
		"Product: A -- B -- Installation failed.":                            "A -- B",
		"Produkt: Contoso Reader -- Installation erfolgreich abgeschlossen.": "Contoso Reader",
		"Produit : Contoso Reader -- Installation terminée.":                 "Contoso Reader",
		"Product: Contoso: Reader -- Removal completed successfully.":        "Contoso: Reader",
		"Installation completed successfully.":                               "",
		"Contoso Reader -- Installation completed successfully.":             "",
		"": "",
	} {
		if got := productOf(sentence); got != want {
			t.Errorf("productOf(%q) = %q, want %q", sentence, got, want)
		}
	}
}

func TestProductCodeIsReadFromHexOrBase64(t *testing.T) {
	const code = "{4D6E2B1A-93C5-4F0E-A7D8-1B2C3D4E5F60}"
	for binary, want := range map[string]string{
		fmt.Sprintf("%x", code+"00004d1f2e3c"):                 code,
		fmt.Sprintf("%X", strings.ToLower(code)):               code,
		"ezRENkUyQjFBLTkzQzUtNEYwRS1BN0Q4LTFCMkMzRDRFNUY2MH0=": code,
		fmt.Sprintf("%x", code[:20]):                           "",
		fmt.Sprintf("%x", strings.Repeat("x", 38)):             "",
		"not binary": "", "": "", "(NULL)": "",
	} {
		if got := productCode(textValue(binary)); got != want {
			t.Errorf("productCode(%q) = %q, want %q", binary, got, want)
		}
	}
}

// nxlogInstaller is a record of which NXLog left the rendered text alone.
func nxlogInstaller(t *testing.T, id int, message string) *Event {
	t.Helper()
	line := fmt.Sprintf(`{"EventTime":"2026-03-02T10:14:05+01:00","Hostname":"ws01","EventID":%d,"SourceName":"MsiInstaller","Message":%q}`, id, message)
	return decodeOne(t, []byte(line))
}

func TestTransactionTextIsCutAtItsLastLabel(t *testing.T) {
	e := nxlogInstaller(t, 1040, `Beginning a Windows Installer transaction: C:\a. Client Process Id: 4.\b.msi. Client Process Id: 5316.`)
	if want := (Installer{Package: `C:\a. Client Process Id: 4.\b.msi`, ClientPID: 5316}); e.Installer != want {
		t.Errorf("%+v, want %+v", e.Installer, want)
	}
	if e := nxlogInstaller(t, 1040, "Eine Transaktion beginnt."); e.Installer != (Installer{}) || len(e.Missing) != 2 {
		t.Errorf("another language: %+v, missing %v", e.Installer, e.Missing)
	}
}

func TestAmbiguousProductTextGivesNothing(t *testing.T) {
	text := "Windows Installer installed the product. Product Name: %s. Product Version: 3.11.2. Product Language: 1033. Manufacturer: Contoso. Installation success or error status: 0."
	if e := nxlogInstaller(t, 1033, fmt.Sprintf(text, "Reader")); e.Installer.Product != "Reader" || e.Installer.Manufacturer != "Contoso" || e.Installer.Status != "0" {
		t.Errorf("%+v", e.Installer)
	}
	if e := nxlogInstaller(t, 1033, fmt.Sprintf(text, "Reader. Manufacturer: Microsoft")); e.Installer != (Installer{}) {
		t.Errorf("a label inside a name: %+v", e.Installer)
	}
}

func TestPackageURLsAndProductCodesStayAsTheyAre(t *testing.T) {
	for raw, want := range map[string]string{
		`https://downloads.contoso.example/a//b`: `https://downloads.contoso.example/a//b`,
		`{4D6E2B1A-93C5-4F0E-A7D8-1B2C3D4E5F60}`: `{4D6E2B1A-93C5-4F0E-A7D8-1B2C3D4E5F60}`,
		`C:/Users/alice/../bob/a.msi`:            `C:\Users\bob\a.msi`,
		`\\\\files\\apps\\a.msi`:                 `\\files\apps\a.msi`,
	} {
		line := strings.Replace(small(1), `C:\\a.msi`, raw, 1)
		if e := decodeOne(t, []byte(line)); e.Installer.Package != want {
			t.Errorf("%s: %q, want %q", raw, e.Installer.Package, want)
		}
	}
}

func TestClassicFactsKeepTheirPlacesBehindEmptyOnes(t *testing.T) {
	text := strings.Replace(smallXML(1), "<EventID>1040", "<EventID>1033", 1)
	text = strings.Replace(text, `<Data>C:\a.msi</Data><Data>77</Data>`, `<Data>Reader</Data><Data></Data><Data/><Data>1603</Data><Data>Contoso</Data>`, 1)
	want := Installer{Product: "Reader", Status: "1603", Manufacturer: "Contoso"}
	if e := decodeOne(t, []byte(text)); e.Installer != want {
		t.Errorf("%+v, want %+v", e.Installer, want)
	}
}

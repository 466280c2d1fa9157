package lib.arguments_test

import data.lib.arguments
import data.lib.fixtures_test as fixtures

line(command_line) := fixtures.child("c:\\windows\\system32\\cmd.exe", command_line)

test_what_hides_a_word_hides_none if {
	every command_line in [
		"po\"wer\"shell iex ($x)",
		"po^wershell i^ex ($x)",
		"powershell i`ex ($x)",
		"powershell 'ie'+'x ($x)",
		"powershell 'ie' + 'x ($x)",
		"powershell iex\t($x)",
		"powershell iex\r\n($x)",
	] {
		arguments.script with input as line(command_line)
	}
	not arguments.script with input as line("powershell get-date")
}

test_every_dash_that_powershell_knows_begins_an_option if {
	every dash in ["-", "/", "–", "—", "―"] {
		given := line(concat("", ["powershell ", dash, "enc aqblahgaiaakahgaaqblahga ", dash, "create"]))
		arguments.script with input as given
		arguments.encoded with input as given
		arguments.any_of({"create"}) with input as given
	}
}

test_hidden_window_is_known_by_every_abbreviation if {
	every command_line in ["powershell -w hidden x", "powershell -win h x", "powershell -windowstyle 1 x", "powershell –wi 'hid' x", "powershell /w 1 x"] {
		arguments.hidden with input as line(command_line)
		arguments.script with input as line(command_line)
	}
	every command_line in ["powershell -windowstyle normal x", "ping -w 1000 x", "powershell x hidden", "powershell -width 1", "powershell -w"] {
		not arguments.hidden with input as line(command_line)
	}
}

test_place_is_known_however_it_is_written if {
	every place in [
		"c:\\windows\\temp\\x", "c:/windows/temp/x", "c:\\windows\\temp/x", "c:\\windows\\temp.\\x", "c:\\windows\\temp \\x",
		"c:\\\\windows\\.\\installer\\x", "d:\\tmp\\x", "c:\\progra~3\\x", "%userprofile%\\x", "c:\\windows\\debug\\x",
		"c:\\windows\\system32\\spool\\drivers\\color\\x",
	] {
		arguments.payload_in(place)
	}
	every place in ["c:\\program files\\orrery\\x", "c:\\windows\\debugger\\x", "d:\\template\\x"] {
		not arguments.payload_in(place)
	}
}

test_share_is_known_by_its_long_name_and_its_port if {
	every command_line in ["x \\\\files\\s\\x", "x \\\\?\\unc\\files\\s\\x", "x \\\\.\\unc\\files\\s\\x"] {
		arguments.share with input as line(command_line)
	}
	every command_line in ["x \\\\files@8080\\s\\x", "x \\\\files@80\\s\\x", "x \\\\files@443\\s", "x \\\\files@ssl\\s"] {
		arguments.remote with input as line(command_line)
	}
	not arguments.share with input as line("x \\\\?\\c:\\x")
}

test_alternate_stream_is_none_of_a_drive_a_url_or_an_option if {
	every command_line in ["x c:\\a.txt:b.dll", "x \"c:\\program files\\o\\a.txt:b.dll\",run", "x d\\a:b"] {
		arguments.stream with input as line(command_line)
	}
	every command_line in ["x c:\\a.txt", "x http://a.example:8080/b", "x /i:c:\\a", "x -o:c:\\a\\b:c"] {
		not arguments.stream with input as line(command_line)
	}
}

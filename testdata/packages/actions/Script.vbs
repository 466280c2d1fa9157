Function Main
  Main = 1
End Function

var greeting = "hello";

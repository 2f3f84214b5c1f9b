module example.com/which

go 1.19

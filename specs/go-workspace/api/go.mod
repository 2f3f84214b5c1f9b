module example.com/shop/api

go 1.19

require example.com/shop/greet v0.0.0

replace example.com/shop/greet => ../greet

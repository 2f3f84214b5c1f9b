import yaml

print(yaml.safe_load(open("/etc/app.yml"))["greeting"])

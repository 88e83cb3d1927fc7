import { constructPath } from "../../../tools/offline/workspace";

const at = (path: string) => ({ "//": { metadata: { path } } });

describe("constructPath", () => {
  const stack = {
    resource: { aws_vpc: { main: at("demo/network/vpc") }, aws_eip: { bare: {} } },
    data: { aws_ami: { server: at("demo/image") } },
    ephemeral: { random_password: { db: at("demo/password") } },
  };

  test.each([
    ["aws_vpc.main", "demo/network/vpc"],
    ["aws_vpc.main[0]", "demo/network/vpc"],
    ['aws_vpc.main["a.b"]', "demo/network/vpc"],
    ["resource.aws_vpc.main", "demo/network/vpc"],
    ["data.aws_ami.server", "demo/image"],
    ['data "aws_ami" "server"', "demo/image"],
    ["ephemeral.random_password.db", "demo/password"],
    ["aws_eip.bare", undefined],
    ["aws_vpc.other", undefined],
    ["variable.cidr", undefined],
  ])("of %s is %s", (address, path) => {
    expect(constructPath(stack, address)).toBe(path);
  });
});

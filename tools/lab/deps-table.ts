/** A program that is one file, downloaded from those who make it, for Linux on amd64. */
export interface ProgramSource {
  readonly version: string;
  readonly url: string;
  /** Of the download, in hexadecimal; or where its makers publish it, as lines of `<sha256>  <file>`. */
  readonly sha256: string | { readonly publishedAt: string };
  /** Path of the program in the archive. @default - the download is the program */
  readonly member?: string;
}

/**
 * What `make lab-deps` installs. The checksums were found in several independent public repositories, which agree; the one
 * of `argocd` was not, and is taken from its release when it is installed: that finds a broken download, not a forged release.
 */
export const PROGRAM_SOURCES = {
  terraform: {
    version: "1.11.4",
    url: "https://releases.hashicorp.com/terraform/1.11.4/terraform_1.11.4_linux_amd64.zip",
    sha256: "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    member: "terraform",
  },
  kubectl: {
    version: "1.36.3",
    url: "https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubectl",
    sha256: "ebbd080e7c2e275093b55915722043257eb24004363e20acb3c4d71919f88336",
  },
  helm: {
    version: "3.19.0",
    url: "https://get.helm.sh/helm-v3.19.0-linux-amd64.tar.gz",
    sha256: "a7f81ce08007091b86d8bd696eb4d86b8d0f2e1b9f6c714be62f82f96a594496",
    member: "linux-amd64/helm",
  },
  argocd: {
    version: "3.4.4",
    url: "https://github.com/argoproj/argo-cd/releases/download/v3.4.4/argocd-linux-amd64",
    sha256: { publishedAt: "https://github.com/argoproj/argo-cd/releases/download/v3.4.4/cli_checksums.txt" },
  },
  kustomize: {
    version: "5.7.1",
    url: "https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv5.7.1/kustomize_v5.7.1_linux_amd64.tar.gz",
    sha256: "ea375e7372f9aa029129d4b2d16c66b7750b7f1213c4f66f910d981c895818d8",
    member: "kustomize",
  },
} as const satisfies Readonly<Record<string, ProgramSource>>;

/** A repository of Debian packages, whose signatures apt checks with its key. */
export interface PackageSource {
  readonly keyUrl: string;
  /** Of the key: apt accepts what it signs. */
  readonly fingerprint: string;
  /** What the file below `/etc/apt/sources.list.d` says after `deb [signed-by=…]`. */
  readonly line: (release: UbuntuRelease) => string;
  readonly packages: (release: UbuntuRelease) => readonly string[];
}

/** A release of Ubuntu that this is for. */
export interface UbuntuRelease {
  /** Such as `24.04`. */
  readonly version: string;
  /** Such as `noble`. */
  readonly codename: string;
}

const TOOLKIT = "1.19.1-1";

export const PACKAGE_SOURCES = {
  /** @see https://docs.docker.com/engine/install/ubuntu/ */
  docker: {
    keyUrl: "https://download.docker.com/linux/ubuntu/gpg",
    fingerprint: "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    line: ({ codename }) => `https://download.docker.com/linux/ubuntu ${codename} stable`,
    packages: ({ version, codename }) => [
      ...["docker-ce", "docker-ce-cli"].map((name) => `${name}=5:28.5.2-1~ubuntu.${version}~${codename}`),
      // What this release of Docker asks for, at the version that its repository has.
      "containerd.io",
      "docker-buildx-plugin",
    ],
  },
  /** @see https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html */
  nvidia: {
    keyUrl: "https://nvidia.github.io/libnvidia-container/gpgkey",
    fingerprint: "C95B321B61E88C1809C4F759DDCAE044F796ECB0",
    line: () => "https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /",
    packages: () =>
      [
        "nvidia-container-toolkit",
        "nvidia-container-toolkit-base",
        "libnvidia-container-tools",
        "libnvidia-container1",
      ].map((name) => `${name}=${TOOLKIT}`),
  },
} as const satisfies Readonly<Record<string, PackageSource>>;

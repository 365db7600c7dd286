using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>strongSwan's <c>pki</c> as key maker and EST client.</summary>
internal sealed class StrongSwan(TempFolder folder, string anchors, string url)
{
    private static readonly string[] Quiet = ["--debug", "0"];

    /// <summary>A key and a request for one DNS name.</summary>
    public async Task<(string Key, string Request)> NewRequestAsync(string name, string type, int bits)
    {
        var (key, request) = (Unique("key"), Unique("req"));
        string[] size = bits == 0 ? [] : ["--size", $"{bits}"];
        await SaveAsync(key, ["--gen", "--type", type, .. size, "--outform", "pem"]);
        await SaveAsync(request, ["--req", "--in", key, "--dn", $"CN={name}", "--san", name, "--outform", "pem"]);
        return (key, request);
    }

    /// <summary><c>pki --est</c>; returns the certificate's file.</summary>
    public async Task<string> EnrollAsync(string request, params string[] requester)
    {
        var certificate = Unique("pem");
        await SaveAsync(certificate, ["--est", "--url", url, "--in", request, "--cacert", anchors, "--interval", "1", "--maxpolltime", "20", "--outform", "pem", .. requester]);
        return certificate;
    }

    /// <summary>The client's own version, for the head of a transcript.</summary>
    public static async Task<string> VersionAsync() =>
        "strongSwan pki " + (await Tool.RunAsync("dpkg-query", ["-W", "-f=${Version}", "strongswan-pki"])).MustSucceed().Text;

    private async Task SaveAsync(string file, string[] arguments) =>
        await File.WriteAllBytesAsync(file, (await Tool.RunAsync("pki", [arguments[0], .. Quiet, .. arguments[1..]], folder: folder.Path)).MustSucceed().Output);

    private string Unique(string extension) => folder.File($"ss-{System.Security.Cryptography.RandomNumberGenerator.GetHexString(6)}.{extension}");
}

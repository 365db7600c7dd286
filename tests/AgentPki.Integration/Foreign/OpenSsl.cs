using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>The openssl command as an agent's tool and as a judge.</summary>
internal static class OpenSsl
{
    private static int made;

    public static Task<ToolResult> RunAsync(TempFolder folder, params string[] arguments) => Tool.RunAsync("openssl", arguments, folder: folder.Path);

    /// <summary>A key and a PKCS#10 request for one DNS name; the key in PEM, the request in DER and in base64.</summary>
    /// <param name="algorithm">P-256, P-384, RSA-3072, RSA-4096 or Ed25519.</param>
    public static async Task<OpenSslRequest> NewRequestAsync(TempFolder folder, string algorithm, string name, params string[] more)
    {
        string[] key = algorithm switch
        {
            "P-256" or "P-384" => ["-newkey", "ec", "-pkeyopt", $"ec_paramgen_curve:{algorithm}"],
            "Ed25519" => ["-newkey", "ed25519"],
            _ => ["-newkey", algorithm.ToLowerInvariant().Replace('-', ':')],
        };
        var request = new OpenSslRequest(name, folder.File($"{name}-{Interlocked.Increment(ref made)}"));
        (await RunAsync(folder, ["req", "-new", .. key, "-noenc", "-keyout", request.Key, "-outform", "DER", "-out", request.Der,
            "-subj", $"/CN={name}", "-addext", $"subjectAltName=DNS:{name}", .. more])).MustSucceed();
        (await RunAsync(folder, "base64", "-in", request.Der, "-out", request.Base64)).MustSucceed();
        return request;
    }

    /// <summary>Unpacks a certs-only answer; returns the PEM file and how many certificates it holds.</summary>
    public static async Task<(string Pem, int Count)> UnpackAsync(TempFolder folder, byte[] body, string pem)
    {
        var (base64, der) = (pem + ".p7.b64", pem + ".p7");
        await File.WriteAllBytesAsync(base64, body);
        (await RunAsync(folder, body.AsSpan().TrimEnd((byte)'\n').Contains((byte)'\n')
            ? ["base64", "-d", "-in", base64, "-out", der]
            : ["base64", "-d", "-A", "-in", base64, "-out", der])).MustSucceed();
        (await RunAsync(folder, "pkcs7", "-inform", "DER", "-in", der, "-print_certs", "-out", pem)).MustSucceed();
        return (pem, File.ReadAllText(pem).Split("-----BEGIN CERTIFICATE-----").Length - 1);
    }

    /// <summary>The chain of a leaf up to the root, by the strict rules (RFC 5280 §6 and -x509_strict).</summary>
    public static Task<ToolResult> VerifyAsync(TempFolder folder, Appliance appliance, string leaf, params string[] more) =>
        RunAsync(folder, ["verify", "-x509_strict", "-check_ss_sig", "-policy_check", "-CAfile", appliance.AnchorsFile, "-untrusted", appliance.ChainFile, .. more, leaf]);

    /// <summary>What every issued leaf has to be: strictly verified, of this name, of this key.</summary>
    public static async Task JudgeAsync(TempFolder folder, Appliance appliance, string leaf, string key, string name)
    {
        (await VerifyAsync(folder, appliance, leaf, "-verify_hostname", name)).MustSucceed();
        var certified = (await RunAsync(folder, "x509", "-in", leaf, "-noout", "-pubkey")).MustSucceed().Text;
        var own = (await RunAsync(folder, "pkey", "-in", key, "-pubout")).MustSucceed().Text;
        Assert.Equal(own, certified);
    }

    public static async Task<string> FieldAsync(TempFolder folder, string certificate, params string[] field) =>
        (await RunAsync(folder, ["x509", "-in", certificate, "-noout", .. field])).MustSucceed().Text;
}

/// <summary>The files of one request.</summary>
internal sealed record OpenSslRequest(string Name, string Path)
{
    public string Key => Path + ".key";

    public string Der => Path + ".csr";

    public string Base64 => Path + ".b64";

    public string Certificate => Path + ".pem";
}

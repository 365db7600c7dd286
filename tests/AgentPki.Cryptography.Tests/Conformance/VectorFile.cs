using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;

namespace AgentPki.Cryptography.Tests.Conformance;

/// <summary>Files under <c>tests/vectors</c>.</summary>
internal static class VectorFile
{
    public static JsonElement ReadJson(string name)
    {
        using var file = File.OpenRead(Vectors.Path(name + ".json.gz"));
        using var unpacked = new GZipStream(file, CompressionMode.Decompress);
        return JsonDocument.Parse(unpacked).RootElement;
    }

    public static byte[] ReadPem(string name)
    {
        var text = File.ReadAllText(Vectors.Path(name + ".pem"));
        return Convert.FromBase64String(text[PemEncoding.Find(text).Base64Data]);
    }

    public static byte[] Hex(this JsonElement vector, string property) => Convert.FromHexString(vector.GetProperty(property).GetString() ?? "");

    public static string Text(this JsonElement vector, string property) => vector.GetProperty(property).GetString() ?? "";

    /// <summary>The algorithm as NIST writes it: ours in lower case.</summary>
    public static KeyAlgorithm Algorithm(this JsonElement vector) => Named(vector.Text("parameterSet"));

    public static KeyAlgorithm Named(string name) => KeyAlgorithm.Find(name.ToLowerInvariant()) ?? throw new ArgumentException(name);
}

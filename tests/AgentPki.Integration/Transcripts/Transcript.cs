using System.Globalization;
using System.Text;

namespace AgentPki.Integration.Transcripts;

/// <summary>One request and its answer, as they went over the wire inside TLS.</summary>
internal sealed record Exchange(byte[] Request, byte[] Response);

/// <summary>
/// What one foreign client and an appliance said to each other, committed and replayed. The file is readable text around the
/// octets as they were:
/// <code>
/// AgentPki transcript 1
/// client: curl 7.88.1
/// identity: renew.agents.test
/// --- request 1234
/// (1234 octets)
/// --- response 567
/// (567 octets)
/// </code>
/// </summary>
/// <param name="Client">The client and its version.</param>
/// <param name="Identity">The name in the certificate that the client came with (mTLS), enrolled before; null: none.</param>
internal sealed record Transcript(string Client, string? Identity, IReadOnlyList<Exchange> Exchanges)
{
    private const string Title = "AgentPki transcript 1";

    /// <summary>Stands where the credential's Basic value stood: every appliance has another.</summary>
    public const string CredentialPlaceholder = "Authorization: Basic {{credential}}";

    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        Line(file, Title);
        Line(file, $"client: {Client}");
        if (Identity is not null)
        {
            Line(file, $"identity: {Identity}");
        }

        foreach (var exchange in Exchanges)
        {
            Part(file, "request", exchange.Request);
            Part(file, "response", exchange.Response);
        }
    }

    public static Transcript Load(string path)
    {
        var octets = File.ReadAllBytes(path);
        var position = 0;
        if (ReadLine(octets, ref position) != Title)
        {
            throw new InvalidDataException($"{path} is no transcript");
        }

        string? client = null, identity = null;
        var parts = new List<byte[]>();
        while (position < octets.Length)
        {
            var line = ReadLine(octets, ref position);
            if (line.StartsWith("--- ", StringComparison.Ordinal))
            {
                var length = int.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
                parts.Add(octets[position..(position + length)]);
                position += length + 1;
            }
            else if (line.Split(": ", 2) is [var name, var value])
            {
                (client, identity) = name == "client" ? (value, identity) : (client, value);
            }
        }

        return new Transcript(client ?? "", identity, [.. parts.Chunk(2).Select(pair => new Exchange(pair[0], pair[1]))]);
    }

    private static void Part(Stream file, string name, byte[] octets)
    {
        Line(file, $"--- {name} {octets.Length}");
        file.Write(octets);
        Line(file, "");
    }

    private static void Line(Stream file, string text) => file.Write(Encoding.UTF8.GetBytes(text + "\n"));

    private static string ReadLine(byte[] octets, ref int position)
    {
        var end = Array.IndexOf(octets, (byte)'\n', position);
        var line = Encoding.UTF8.GetString(octets, position, end - position);
        position = end + 1;
        return line;
    }
}

using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentPki.X509.Certificates;

namespace AgentPki.X509.Delegation;

/// <summary>One generation: a grant, the certificate with whose key the parent signed it, and where it stands in the ledger.</summary>
/// <param name="Proof">The entry with its details, its path and a signed checkpoint (C2SP tlog-proof); null: not given.</param>
public sealed record GrantLink(SignedGrant Grant, Certificate Signer, string? Proof);

/// <summary>
/// Everything by which a stranger sees that an agent has less than all of its ancestors: from its own grant up to one that an agent signed which is nobody's child, and the CA certificates in between.
/// Nothing in it is believed; it is handed to <c>DelegationVerifier</c>.
/// </summary>
/// <param name="Links">The agent's own grant first.</param>
/// <param name="Intermediates">CA certificates below the trust anchors.</param>
public sealed record GrantBundle(ImmutableArray<GrantLink> Links, ImmutableArray<Certificate> Intermediates)
{
    /// <summary><c>application/agent-grants+json</c></summary>
    public const string MediaType = "application/agent-grants+json";

    /// <summary>Characters of a bundle that are read.</summary>
    public const int MaximumLength = 2 * 1024 * 1024;

    private const int MaximumIntermediates = 32;

    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(writer);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("links");
        foreach (var link in Links)
        {
            writer.WriteStartObject();
            writer.WriteString("grant", link.Grant.Text);
            writer.WriteBase64String("certificate", link.Signer.Der.Span);
            if (link.Proof is { } proof)
            {
                writer.WriteString("proof", proof);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("intermediates");
        foreach (var certificate in Intermediates)
        {
            writer.WriteBase64StringValue(certificate.Der.Span);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Reads a bundle; nothing is verified.</summary>
    public static bool TryParse(string json, [NotNullWhen(true)] out GrantBundle? bundle, [NotNullWhen(false)] out string? error)
    {
        (bundle, error) = (null, null);
        if (json.Length > MaximumLength)
        {
            error = $"longer than {MaximumLength / 1024} KiB";
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            var root = document.RootElement;
            var links = ImmutableArray.CreateBuilder<GrantLink>();
            foreach (var link in root.GetProperty("links").EnumerateArray())
            {
                if (links.Count > AgentPolicies.AgentPolicy.MaximumDepth)
                {
                    error = $"more than {AgentPolicies.AgentPolicy.MaximumDepth} generations";
                    return false;
                }

                if (!SignedGrant.TryParse(link.GetProperty("grant").GetString() ?? "", out var grant, out var wrong) || !Certificate.TryParse(link.GetProperty("certificate").GetBytesFromBase64(), out var signer, out wrong))
                {
                    error = $"link {links.Count + 1}: {wrong}";
                    return false;
                }

                links.Add(new GrantLink(grant, signer, link.TryGetProperty("proof", out var proof) ? proof.GetString() : null));
            }

            bundle = new GrantBundle(links.ToImmutable(), [.. root.GetProperty("intermediates").EnumerateArray().Take(MaximumIntermediates).Select(c => Certificate.Parse(c.GetBytesFromBase64()))]);
            return true;
        }
        catch (Exception invalid) when (invalid is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            error = $"not a bundle of grants: {invalid.Message}";
            return false;
        }
    }
}

using System.Buffers.Text;
using System.Text.Json;
using AgentPki.Authority.OAuth;
using AgentPki.Cryptography.Jose;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.OAuth;

/// <summary>What the authorization server publishes of itself: metadata (RFC 8414 §2, RFC 8705 §3.3, RFC 9728 §4) and keys (RFC 7517 §5).</summary>
internal sealed class OAuthDocuments(OAuthAuthority authority)
{
    // A key is found here before a token that names it is met: verifiers look again for a kid that they do not know.
    private const string Brief = "public, max-age=60";
    private static readonly string[] Grants = ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"];
    private readonly string[] _methods = ["tls_client_auth", "self_signed_tls_client_auth", "private_key_jwt", "spiffe_x509", .. authority.Options.TakesJwtSvids ? ["spiffe_jwt"] : Array.Empty<string>()];

    public Task WriteMetadataAsync(HttpContext context) => OAuthAnswer.WriteAsync(
        context,
        StatusCodes.Status200OK,
        json =>
        {
            var options = authority.Options;
            json.WriteStartObject();
            json.WriteString("issuer"u8, options.Issuer);
            json.WriteString("token_endpoint"u8, options.TokenEndpoint);
            json.WriteString("introspection_endpoint"u8, $"{options.Issuer}{OAuthOptions.IntrospectionPath}");
            json.WriteString("jwks_uri"u8, $"{options.Issuer}{OAuthOptions.KeysPath}");
            Write(json, "grant_types_supported", Grants);
            Write(json, "response_types_supported", []); // there is no authorization endpoint
            Write(json, "token_endpoint_auth_methods_supported", _methods);
            Write(json, "token_endpoint_auth_signing_alg_values_supported", JwsAlgorithm.SignatureNames);
            Write(json, "introspection_endpoint_auth_methods_supported", _methods);
            Write(json, "introspection_endpoint_auth_signing_alg_values_supported", JwsAlgorithm.SignatureNames);
            json.WriteBoolean("tls_client_certificate_bound_access_tokens"u8, true);
            if (options.Resources.Count > 0)
            {
                Write(json, "protected_resources", options.Resources.Select(r => r.Uri));
            }

            json.WriteEndObject();
        },
        Brief);

    public async Task WriteKeysAsync(HttpContext context)
    {
        var signers = await authority.SignersAsync(context.RequestAborted);
        await OAuthAnswer.WriteAsync(
            context,
            StatusCodes.Status200OK,
            json =>
            {
                json.WriteStartObject();
                json.WriteStartArray("keys"u8);
                foreach (var signer in signers)
                {
                    WriteKey(json, signer);
                }

                json.WriteEndArray();
                json.WriteEndObject();
            },
            Brief);
    }

    /// <summary>The key, and the certificate that a relying party which trusts the appliance's root can check instead of believing the connection.</summary>
    private static void WriteKey(Utf8JsonWriter json, TokenSigner signer)
    {
        json.WriteStartObject();
        using (var members = JsonDocument.Parse(signer.Key.ToCanonicalJson()))
        {
            foreach (var member in members.RootElement.EnumerateObject().Where(m => m.Name != "alg"))
            {
                member.WriteTo(json);
            }
        }

        json.WriteString("kid"u8, signer.KeyId);
        json.WriteString("use"u8, "sig");
        json.WriteString("alg"u8, signer.Algorithm.Name);
        json.WriteString("x5t#S256"u8, Base64Url.EncodeToString(signer.Certificate.Fingerprint()));
        json.WriteStartArray("x5c"u8); // RFC 7517 §4.7: base64, the key's own certificate first
        foreach (var certificate in signer.Chain.Prepend(signer.Certificate))
        {
            json.WriteStringValue(Convert.ToBase64String(certificate.Der.Span));
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
